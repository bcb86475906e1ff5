import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_USE_HTTP_STYLE,
  SEC_E_OK,
  SECBUFFER_DATA,
  SECBUFFER_PKG_PARAMS,
  SECBUFFER_TARGET_HOST,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  type InitiateRequest,
  type SecBufferDesc as Buffers,
} from '../../src/sspi/index.js'
import { FakeExchange, FakeSession, finished } from './fake-package.js'
import { Bench, room } from './table.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

suite('HTTP requests', () => {
  test('parameters, data and the target host come to the package in their order', async () => {
    const bench = new Bench({ server: () => finished(undefined, undefined, 5) })
    const input = new SecBufferDesc([
      new SecBuffer(SECBUFFER_TOKEN, bytes('token')),
      new SecBuffer(SECBUFFER_PKG_PARAMS, bytes('GET')),
      new SecBuffer(SECBUFFER_PKG_PARAMS),
      new SecBuffer(SECBUFFER_TARGET_HOST, bytes('HTTP/www.example.com')),
      new SecBuffer(SECBUFFER_DATA, bytes('body')),
    ])
    const { status } = await bench.accept({ input, output: room(16) })
    assert.equal(status, SEC_E_OK)
    const [given] = bench.fake.exchanges[0]!.inputs
    assert.ok(given?.kind === 'token')
    assert.deepEqual(given.packageParams, [bytes('GET'), new Uint8Array(0)])
    assert.equal(given.targetHost, 'HTTP/www.example.com')
    assert.deepEqual(given.data, [bytes('body')])
  })

  test('a target host that is not UTF-8 is refused before anything is begun', async () => {
    const bench = new Bench()
    const input = new SecBufferDesc([new SecBuffer(SECBUFFER_TARGET_HOST, Uint8Array.of(0xff))])
    await assert.rejects(bench.accept({ input, output: room(16) }), { code: 'SEC_E_INVALID_TOKEN' })
    assert.equal(bench.fake.exchanges.length, 0)
  })

  test('level 2 hands the request over as Windows has it: the URI is the target name, the service stands beside it', async () => {
    const requests: InitiateRequest[] = []
    const begun = new FakeExchange(() => finished())
    const bench = new Bench({
      overrides: {
        initiate: (request) => {
          requests.push(request)
          return begun
        },
      },
    })
    const http = { method: 'PUT', uri: '/a?b', body: bytes('body') }
    const client = bench.table.initiate({ package: 'Fake', target: 'HTTP/www.example.com', http })
    await client.step()
    const [request] = requests
    assert.equal(request?.targetName, '/a?b')
    assert.ok(request.contextReq & ISC_REQ_USE_HTTP_STYLE)
    assert.equal(request.contextReq & (ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH), 0)
    const [given] = begun.inputs
    assert.ok(given?.kind === 'token')
    assert.deepEqual(given.packageParams, [bytes('PUT')])
    assert.equal(given.targetHost, 'HTTP/www.example.com')
    assert.deepEqual(given.data, [bytes('body')])
  })

  test('level 2 signs and checks a further request, with its parameters and its body', async () => {
    const seen: string[] = []
    const look = (message: Buffers): void => {
      seen.push(message.buffers.map((each) => `${each.type}:${new TextDecoder().decode(each.bytes)}`).join(' '))
    }
    const session = Object.assign(new FakeSession(), {
      sign: (message: Buffers) => {
        look(message)
        message.buffers[0]!.become(SECBUFFER_TOKEN, bytes('signed'))
      },
      verify: (message: Buffers) => {
        look(message)
        return 0
      },
    })
    const bench = new Bench({ client: () => finished(session) })
    const exchange = bench.table.initiate({ package: 'Fake' })
    await exchange.step()
    const request = { method: 'GET', uri: '/x', body: bytes('b') }
    assert.deepEqual(exchange.session.signRequest(request), bytes('signed'))
    exchange.session.verifyRequest(request, bytes('token'))
    assert.deepEqual(seen, ['2: 3:GET 3:/x 1:b', '2:token 3:GET 3:/x 1:b'])
  })
})
