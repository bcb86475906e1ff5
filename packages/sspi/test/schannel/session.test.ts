import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ContentType,
  SCHANNEL_RENEGOTIATE,
  SCHANNEL_SHUTDOWN,
  SP_PROT_TLS1_2,
  SP_PROT_TLS1_3,
} from '../../src/schannel/index.js'
import {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_CONTEXT_EXPIRED,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_MISSING,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_STREAM_SIZES,
  SecBuffer,
  SecBufferDesc,
  SspiError,
} from '../../src/sspi/index.js'
import { credentialOf, trusting } from './certificates.js'
import { establish, incoming, type Pair, type Party } from './pair.js'

const TEXT = new TextEncoder().encode('the quick brown fox')
const VERSIONS = [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const

function pairOf(enabledProtocols: number): Promise<Pair> {
  return establish(
    { credential: trusting({ enabledProtocols }) },
    { credential: credentialOf('server', { enabledProtocols }) },
  )
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function controlToken(...numbers: readonly number[]): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, new Uint8Array(Uint32Array.from(numbers).buffer))])
}

async function notice(party: Party): Promise<Uint8Array> {
  const output = new SecBuffer(SECBUFFER_TOKEN)
  const step = await party.call(undefined, new SecBufferDesc([output]))
  assert.equal(step.status, SEC_E_OK)
  assert.equal(step.context, party.context)
  return output.bytes
}

for (const [version, protocols] of VERSIONS) {
  test(`${version}: records are opened in place, the buffers become header, data, trailer and what is left over`, async () => {
    const { client, server } = await pairOf(protocols)
    const { header, trailer, maximumMessage, buffers } = client.ask(SECPKG_ATTR_STREAM_SIZES)
    assert.deepEqual([maximumMessage, buffers], [16_384, 4])
    const record = client.seal(TEXT)
    assert.equal(record.length, header + TEXT.length + trailer)
    const memory = join(record, client.seal(TEXT), Uint8Array.of(23, 3))
    const message = incoming(memory)
    assert.equal(server.table.decryptMessage(server.ctx, message).status, SEC_E_OK)
    const types = message.buffers.map(({ type }) => type)
    assert.deepEqual(types, [SECBUFFER_STREAM_HEADER, SECBUFFER_DATA, SECBUFFER_STREAM_TRAILER, SECBUFFER_EXTRA])
    for (const buffer of message.buffers) assert.equal(buffer.pvBuffer?.buffer, memory.buffer)
    assert.deepEqual(message.buffers[1]?.bytes, TEXT)
    const rest = server.open(message.buffers[3]!.bytes)
    assert.deepEqual(rest.data, TEXT)
    assert.deepEqual(rest.extra, Uint8Array.of(23, 3))
    const single = incoming(client.seal(TEXT))
    server.table.decryptMessage(server.ctx, single)
    assert.equal(single.buffers[3]?.type, SECBUFFER_EMPTY)
  })

  test(`${version}: less than a record asks for so many bytes, in the data buffer, and nothing has happened`, async () => {
    const { client, server } = await pairOf(protocols)
    const record = client.seal(TEXT)
    for (let length = 0; length < record.length; length++) {
      const message = incoming(record.slice(0, length))
      assert.equal(server.table.decryptMessage(server.ctx, message).status, SEC_E_INCOMPLETE_MESSAGE)
      const [missing] = message.buffers
      assert.equal(missing?.type, SECBUFFER_MISSING)
      assert.equal(missing.cbBuffer, length < 5 ? 5 - length : record.length - length, `${length} bytes`)
    }
    assert.deepEqual(server.open(record).data, TEXT)
  })

  test(`${version}: a change to any byte of a record ends the session, with an alert, and shows nothing`, async () => {
    const length = (await pairOf(protocols)).client.seal(TEXT).length
    for (let at = 0; at < length; at += 3) {
      const { client, server } = await pairOf(protocols)
      const record = client.seal(TEXT)
      record[at]! ^= 0x80 // bounded by the loop
      const message = incoming(record)
      let alert: Uint8Array | undefined
      assert.throws(
        () => {
          const { status } = server.table.decryptMessage(server.ctx, message)
          // A length that lies may ask for more.
          if (status === SEC_E_INCOMPLETE_MESSAGE) throw new SspiError('SEC_E_INVALID_TOKEN', 'incomplete')
        },
        (error) => {
          assert.ok(error instanceof SspiError)
          alert = error.token
          return true
        },
        `byte ${at}`,
      )
      assert.ok(!Buffer.from(record).includes(Buffer.from(TEXT.subarray(0, 6))))
      if (alert === undefined) continue
      assert.throws(() => client.open(alert!), /alert (bad_record_mac|unexpected_message|record_overflow)/)
      assert.throws(() => server.seal(TEXT), { code: 'SEC_E_CONTEXT_EXPIRED' })
      assert.throws(() => server.open(client.seal(TEXT)), { code: 'SEC_E_CONTEXT_EXPIRED' })
    }
  })

  test(`${version}: records that come again, out of order, or back to their sender are refused`, async () => {
    const altered = { code: 'SEC_E_MESSAGE_ALTERED' }
    for (const send of [
      ({ client }: Pair) => [client.seal(TEXT), client.seal(TEXT)].reverse(),
      ({ client }: Pair) => Array<Uint8Array>(2).fill(client.seal(TEXT)),
      ({ server }: Pair) => [server.seal(TEXT)],
    ]) {
      const pair = await pairOf(protocols)
      assert.throws(() => {
        for (const record of send(pair)) pair.server.open(record)
      }, altered)
    }
  })

  test(`${version}: close_notify by a control token; the other side learns of it, and may still send`, async () => {
    const { client, server } = await pairOf(protocols)
    client.table.applyControlToken(client.ctx, controlToken(SCHANNEL_SHUTDOWN))
    assert.throws(() => client.seal(TEXT), { code: 'SEC_E_OUT_OF_SEQUENCE' }, 'close_notify is to be taken first')
    const farewell = await notice(client)
    assert.throws(() => client.seal(TEXT), { code: 'SEC_E_CONTEXT_EXPIRED' })
    const { status, extra } = server.open(join(farewell, TEXT))
    assert.equal(status, SEC_I_CONTEXT_EXPIRED)
    assert.deepEqual(extra, TEXT)
    assert.equal(server.open(TEXT).status, SEC_I_CONTEXT_EXPIRED, 'whatever comes behind it counts for nothing')
    assert.deepEqual(client.open(server.seal(TEXT)).data, TEXT)
  })

  test(`${version}: the caller's mistakes leave everything as it was`, async () => {
    const { client, server } = await pairOf(protocols)
    const { header, trailer } = client.ask(SECPKG_ATTR_STREAM_SIZES)
    const data = (): SecBuffer => new SecBuffer(SECBUFFER_DATA, TEXT.slice())
    const head = (length = header): SecBuffer => new SecBuffer(SECBUFFER_STREAM_HEADER, length)
    const tail = (length = trailer): SecBuffer => new SecBuffer(SECBUFFER_STREAM_TRAILER, length)
    for (const [parts, code] of [
      [[data(), tail()], 'SEC_E_INVALID_TOKEN'],
      [[head(), tail()], 'SEC_E_INVALID_TOKEN'],
      [[head(), data()], 'SEC_E_INVALID_TOKEN'],
      [[head(), head(), data(), tail()], 'SEC_E_INVALID_TOKEN'],
      [[head(), data(), tail(), new SecBuffer(0x7f, 1)], 'SEC_E_INVALID_TOKEN'],
      [[head(header - 1), data(), tail()], 'SEC_E_BUFFER_TOO_SMALL'],
      [[head(), data(), tail(trailer - 1)], 'SEC_E_BUFFER_TOO_SMALL'],
      [[head(), new SecBuffer(SECBUFFER_DATA, 16_385), tail()], 'SEC_E_INVALID_PARAMETER'],
    ] as const) {
      assert.throws(() => client.table.encryptMessage(client.ctx, 0, new SecBufferDesc(parts)), { code })
      for (const part of parts) if (part.cbBuffer === TEXT.length) assert.deepEqual(part.bytes, TEXT)
    }
    const good = new SecBufferDesc([head(), data(), tail()])
    assert.throws(() => client.table.encryptMessage(client.ctx, 1, good), { code: 'SEC_E_QOP_NOT_SUPPORTED' })
    assert.throws(() => client.table.makeSignature(client.ctx, 0, good), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.throws(() => client.table.verifySignature(client.ctx, good), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.deepEqual(server.open(client.seal(TEXT)).data, TEXT)
  })

  test(`${version}: a new handshake cannot be asked for, neither can anything that is unknown, and nothing has happened`, async () => {
    const { client, server } = await pairOf(protocols)
    for (const party of [client, server]) {
      for (const token of [[SCHANNEL_RENEGOTIATE], [99], [2, 2], [2, 3, 0], [2, 1, 256], [3], []]) {
        assert.throws(
          () => {
            party.table.applyControlToken(party.ctx, controlToken(...token))
          },
          { code: 'SEC_E_UNSUPPORTED_FUNCTION' },
          token.join(),
        )
      }
      assert.equal((await notice(party)).length, 0, 'nothing is to be sent')
    }
    assert.deepEqual(server.open(client.seal(TEXT)).data, TEXT)
    assert.deepEqual(client.open(server.seal(TEXT)).data, TEXT)
  })

  test(`${version}: a record may come byte by byte, and many at once, cut anywhere`, async () => {
    const { client, server } = await pairOf(protocols)
    const sent = ['', 'a', 'the quick brown fox', 'x'.repeat(300)].map((text) => new TextEncoder().encode(text))
    for (let size = 1; size <= 40; size += size < 8 ? 1 : 16) {
      // As a program of Windows does it: what is left over stays in front of what comes next.
      const read: Uint8Array[] = []
      let waiting: Uint8Array = new Uint8Array(0)
      const stream = join(...sent.map((message) => client.seal(message)))
      for (let at = 0; at < stream.length; at += size) {
        waiting = join(waiting, stream.slice(at, at + size))
        while (waiting.length > 0) {
          const { status, data, extra } = server.open(waiting.slice())
          if (status === SEC_E_INCOMPLETE_MESSAGE) break
          assert.equal(status, SEC_E_OK)
          read.push(data)
          waiting = extra ?? new Uint8Array(0)
        }
      }
      assert.deepEqual(read, sent, `pieces of ${size}`)
      assert.equal(waiting.length, 0)
    }
  })

  test(`${version}: an alert that is sent as such ends the connection of the other side with its status`, async () => {
    const { client, server } = await pairOf(protocols)
    client.table.applyControlToken(client.ctx, controlToken(2, 2, 49))
    const alert = await notice(client)
    assert.throws(() => server.open(alert), { code: 'SEC_E_LOGON_DENIED' })
    assert.throws(() => server.seal(TEXT), { code: 'SEC_E_CONTEXT_EXPIRED' })
  })

  test(`${version}: level 2 seals any length as records and opens them`, async () => {
    const pair = await pairOf(protocols)
    const client = pair.client.table.initiate({
      package: 'Schannel',
      credentials: trusting(),
      target: 'server.example.com',
    })
    const server = pair.server.table.accept({ package: 'Schannel', credentials: credentialOf('server') })
    let step = await client.step()
    while (!step.done || step.token !== undefined) {
      const answer = await server.step(step.token)
      if (answer.token === undefined) break
      step = await client.step(answer.token)
    }
    for (const [from, to] of [
      [client.session, server.session],
      [server.session, client.session],
    ] as const) {
      for (const length of [0, 1, 16_384, 16_385, 100_000]) {
        const message = new Uint8Array(length).fill(length)
        const sealed = from.seal(message)
        const kept = sealed.slice()
        assert.deepEqual(to.unseal(sealed), message)
        assert.deepEqual(sealed, kept)
      }
    }
    assert.equal(server.session.peer, undefined, 'the client has no certificate')
  })
}

test('what is no record at all is refused at once, with everything else untouched', async () => {
  const { server } = await pairOf(SP_PROT_TLS1_3)
  assert.throws(() => server.open(new Uint8Array(100).fill(0xfa)), { code: 'SEC_E_INVALID_TOKEN' })
  assert.equal(ContentType.APPLICATION_DATA, 23)
})
