import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import * as core from '../../src/sspi/index.js'
import {
  anonymousCredential,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_CREDS,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  type ContextAttribute,
} from '../../src/sspi/index.js'
import { credentialOf } from '../schannel/certificates.js'
import {
  clientCredential,
  domainOfAll,
  meet,
  PACKAGES,
  TARGET,
  type MeetOptions,
  type PackageName,
  type Side,
  type Sides,
} from './all-packages.js'

const domain = domainOfAll()
after(() => domain[Symbol.asyncDispose]())

type Names<Prefix extends string> = Extract<keyof typeof core, `${Prefix}${string}`>
type Requests<Flag> = Flag extends `${'ISC' | 'ASC'}_REQ_${infer Name}` ? Name : never
type Both = Extract<Requests<Names<'ISC_REQ_'>>, Requests<Names<'ASC_REQ_'>>>

/** Both sides ask for the same. */
function asking(...names: readonly Both[]): Required<Pick<MeetOptions, 'clientReq' | 'serverReq'>> {
  const bits = (side: 'ISC' | 'ASC'): number => names.reduce((sum, name) => sum | core[`${side}_REQ_${name}`], 0)
  return { clientReq: bits('ISC'), serverReq: bits('ASC') }
}

/** Whether a side's result has a flag, as the last step and `SECPKG_ATTR_FLAGS` say alike. */
function got(side: Side, flag: Names<'ISC_RET_'> | Names<'ASC_RET_'>): boolean {
  const bit = core[flag]
  const queried = side.sspi.queryContextAttributes(side.context, SECPKG_ATTR_FLAGS).flags
  // The memory of a buffer is a matter of the call, not of the context.
  if (!flag.endsWith('ALLOCATED_MEMORY')) assert.equal((queried & bit) !== 0, (side.last.contextAttr & bit) !== 0, flag)
  return (side.last.contextAttr & bit) !== 0
}

const TEXT = new TextEncoder().encode('the quick brown fox jumps over the lazy dog')

/** A message that protects itself: a signature, or a record where there are none. */
interface Message {
  readonly data: Uint8Array
  readonly token: Uint8Array
}

function isRecords(name: PackageName): boolean {
  return name === 'Schannel' || name === 'CREDSSP'
}

function protect(name: PackageName, { sspi, context }: Side, sequence = 0): Message {
  if (isRecords(name)) return { data: record({ sspi, context }), token: new Uint8Array(0) }
  const token = new SecBuffer(SECBUFFER_TOKEN)
  sspi.makeSignature(context, 0, new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, TEXT.slice()), token]), sequence)
  return { data: TEXT.slice(), token: token.bytes.slice() }
}

function record({ sspi, context }: Pick<Side, 'sspi' | 'context'>): Uint8Array {
  const { header, trailer } = sspi.queryContextAttributes(context, SECPKG_ATTR_STREAM_SIZES)
  const parts = [
    new SecBuffer(SECBUFFER_STREAM_HEADER, header),
    new SecBuffer(SECBUFFER_DATA, TEXT.slice()),
    new SecBuffer(SECBUFFER_STREAM_TRAILER, trailer),
  ]
  sspi.encryptMessage(context, 0, new SecBufferDesc(parts))
  return Uint8Array.from(parts.flatMap((part) => [...part.bytes]))
}

/** Whether a message is taken. */
function takes(name: PackageName, { sspi, context }: Side, { data, token }: Message, sequence = 0): boolean {
  try {
    if (isRecords(name)) {
      const spare = [0, 1, 2].map(() => new SecBuffer(SECBUFFER_EMPTY))
      sspi.decryptMessage(context, new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, data.slice()), ...spare]))
    } else {
      const buffers = [new SecBuffer(SECBUFFER_DATA, data.slice()), new SecBuffer(SECBUFFER_TOKEN, token.slice())]
      sspi.verifySignature(context, new SecBufferDesc(buffers), sequence)
    }
    return true
  } catch (error) {
    assert.ok(
      error instanceof SspiError && /MESSAGE_ALTERED|OUT_OF_SEQUENCE|INVALID_TOKEN/.test(error.code),
      String(error),
    )
    return false
  }
}

function answers({ sspi, context }: Side, attribute: ContextAttribute): boolean {
  try {
    sspi.queryContextAttributes(context, attribute)
    return true
  } catch (error) {
    assert.equal((error as SspiError).code, 'SEC_E_UNSUPPORTED_FUNCTION')
    return false
  }
}

/** Both directions of a context; each side's flag stands for what it receives. */
const DIRECTIONS = [
  ['server', 'client', 'ISC'],
  ['client', 'server', 'ASC'],
] as const

for (const name of PACKAGES) {
  suite(`what ${name} says of messages is so`, () => {
    const cases: readonly (readonly Both[])[] = [
      ['INTEGRITY'],
      ['INTEGRITY', 'REPLAY_DETECT'],
      ['INTEGRITY', 'SEQUENCE_DETECT'],
      ['INTEGRITY', 'REPLAY_DETECT', 'SEQUENCE_DETECT'],
    ]
    for (const asked of cases) {
      const what = asked.join(', ')
      const pair = (): Promise<Sides> => meet(name, domain, asking(...asked))

      test(`ISC_REQ_REPLAY_DETECT, ASC_REQ_REPLAY_DETECT: returned if and only if a message that comes twice is refused; asked for: ${what}`, async () => {
        for (const [from, to, side] of DIRECTIONS) {
          const sides = await pair()
          const message = protect(name, sides[from])
          assert.ok(takes(name, sides[to], message))
          assert.equal(
            !takes(name, sides[to], message),
            got(sides[to], `${side}_RET_REPLAY_DETECT`),
            `${side}, ${what}`,
          )
        }
      })

      test(`ISC_REQ_SEQUENCE_DETECT, ASC_REQ_SEQUENCE_DETECT: returned if and only if a message before its turn is refused; asked for: ${what}`, async () => {
        for (const [from, to, side] of DIRECTIONS) {
          const sides = await pair()
          protect(name, sides[from])
          const early = protect(name, sides[from])
          assert.equal(
            !takes(name, sides[to], early),
            got(sides[to], `${side}_RET_SEQUENCE_DETECT`),
            `${side}, ${what}`,
          )
        }
      })
    }

    for (const asked of [[], ['INTEGRITY']] as const) {
      const what = asked.join('') || 'nothing'
      test(`ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY: returned only if a changed message is refused; asked for: ${what}`, async () => {
        for (const [from, to, side] of DIRECTIONS) {
          const sides = await meet(name, domain, asking(...asked))
          const integrity = got(sides[to], `${side}_RET_INTEGRITY`)
          if (!integrity && name === 'WDigest') continue // it has no signatures then
          const message = protect(name, sides[from])
          message.data[10]! ^= 1
          const refused = !takes(name, sides[to], message)
          // Kerberos and TLS protect messages anyway and, as on Windows, do not say so; NTLM's signatures are none then.
          if (name === 'NTLM') assert.equal(refused, integrity)
          else assert.ok(refused)
        }
      })
    }

    for (const asked of [[], ['CONFIDENTIALITY']] as const) {
      if (name === 'WDigest') continue // its ciphers are weak, and off
      test(`ISC_REQ_CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY: returned if and only if messages are encrypted; asked for: ${asked.join('') || 'nothing'}`, async () => {
        for (const [from] of DIRECTIONS) {
          const sides = await meet(name, domain, asking(...asked))
          const flag = from === 'client' ? 'ISC_RET_CONFIDENTIALITY' : 'ASC_RET_CONFIDENTIALITY'
          assert.equal(encrypts(name, sides[from]), got(sides[from], flag), flag)
        }
      })
    }
  })
}

/** Whether nothing of the plaintext is left. */
function encrypts(name: PackageName, { sspi, context }: Side): boolean {
  if (isRecords(name)) return !Buffer.from(record({ sspi, context })).includes(Buffer.from(TEXT.slice(0, 8)))
  const data = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
  try {
    sspi.encryptMessage(context, 0, new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN), data]))
  } catch (error) {
    assert.ok(error instanceof SspiError)
    return false
  }
  return !Buffer.from(data.bytes).includes(Buffer.from(TEXT.slice(0, 8)))
}

suite('what is said of the identity is so', () => {
  for (const name of PACKAGES) {
    test(`ISC_REQ_DELEGATE, ASC_RET_DELEGATE: a server of ${name} has something of the client’s if and only if it says so`, async () => {
      const clientSspi = domain.sspi({ credssp: { delegation: { allowFreshCredentials: ['HTTP/*'] } } })
      for (const options of [{}, asking('DELEGATE')]) {
        const { client, server } = await meet(name, domain, { clientSspi, ...options })
        const has = answers(server, SECPKG_ATTR_DELEGATED_TICKETS) || answers(server, SECPKG_ATTR_CREDS)
        assert.equal(got(server, 'ASC_RET_DELEGATE'), has && 'clientReq' in options)
        assert.equal(got(client, 'ISC_RET_DELEGATE'), got(server, 'ASC_RET_DELEGATE'))
      }
    })

    if (name === 'Schannel') continue
    test(`ISC_REQ_IDENTIFY, ASC_RET_IDENTIFY: a server of ${name} may identify but not act if and only if it says so`, async () => {
      for (const options of [{}, asking('IDENTIFY')]) {
        const { server } = await meet(name, domain, options)
        const { impersonationLevel } = server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_ACCESS_TOKEN)
        assert.equal(got(server, 'ASC_RET_IDENTIFY'), impersonationLevel === 'identification')
      }
    })
  }

  test('ISC_REQ_NULL_SESSION, ASC_REQ_ALLOW_NULL_SESSION: a server of NTLM says that its client is nobody', async () => {
    const options = {
      clientReq: core.ISC_REQ_NULL_SESSION,
      serverReq: core.ASC_REQ_ALLOW_NULL_SESSION,
      clientCredential: anonymousCredential(),
      serverSspi: domain.sspi({ ntlm: { allowAnonymous: true } }),
    }
    const { client, server } = await meet('NTLM', domain, options)
    assert.ok(got(client, 'ISC_RET_NULL_SESSION') && got(server, 'ASC_RET_NULL_SESSION'))
    assert.equal(server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_NAMES).userName, '')
    const known = await meet('NTLM', domain, { serverReq: core.ASC_REQ_ALLOW_NULL_SESSION })
    assert.ok(!got(known.client, 'ISC_RET_NULL_SESSION') && !got(known.server, 'ASC_RET_NULL_SESSION'))
  })
})

suite('what is said of the exchange is so', () => {
  for (const name of PACKAGES) {
    test(`ISC_REQ_ALLOCATE_MEMORY, ASC_REQ_ALLOCATE_MEMORY: ${name} leaves the caller’s memory alone`, async () => {
      for (const allocate of [true, false]) {
        const sspi = domain.sspi()
        const request = { package: name, credentialUse: SECPKG_CRED_OUTBOUND, targetName: TARGET }
        const authData = clientCredential(name, domain)
        const { credential } = await sspi.acquireCredentialsHandle({ ...request, authData })
        const memory = new Uint8Array(65_536)
        const output = new SecBuffer(SECBUFFER_TOKEN, memory)
        const contextReq = allocate ? core.ISC_REQ_ALLOCATE_MEMORY : 0
        const step = await sspi.initializeSecurityContext({
          credential,
          contextReq,
          targetName: TARGET,
          output: new SecBufferDesc([output]),
        })
        const allocated = (step.contextAttr & core.ISC_RET_ALLOCATED_MEMORY) !== 0
        assert.equal(allocated, allocate)
        // Where the server speaks first there is no token yet.
        if (output.cbBuffer > 0) assert.equal(output.pvBuffer !== memory, allocated)
      }
    })

    test(`ISC_REQ_USE_DCE_STYLE, ASC_REQ_USE_DCE_STYLE: ${name} has three legs if and only if it says so`, async () => {
      const { client, server, tokens } = await meet(name, domain, asking('USE_DCE_STYLE'))
      assert.equal(got(client, 'ISC_RET_USED_DCE_STYLE'), got(server, 'ASC_RET_USED_DCE_STYLE'))
      if (!got(client, 'ISC_RET_USED_DCE_STYLE')) return
      // Around Kerberos' three tokens Negotiate has its own, the last of them with the MIC of the list.
      assert.equal(tokens.length, name === 'Negotiate' ? 4 : 3)
      // [APPLICATION 0] of GSS-API is not there: an AP-REQ is [APPLICATION 14].
      if (name === 'Kerberos') assert.equal(tokens[0]?.[0], 0x6e)
    })

    test(`ISC_REQ_STREAM, ASC_REQ_STREAM: messages of ${name} are records if and only if it says so`, async () => {
      const { client, server } = await meet(name, domain, asking('STREAM'))
      assert.equal(got(client, 'ISC_RET_STREAM'), isRecords(name))
      assert.equal(got(server, 'ASC_RET_STREAM'), isRecords(name))
      if (isRecords(name)) assert.ok(answers(client, SECPKG_ATTR_STREAM_SIZES))
    })

    test(`ISC_REQ_CONNECTION, ASC_REQ_CONNECTION: messages of ${name} are framed by the caller if and only if it says so`, async () => {
      const { client, server } = await meet(name, domain, asking('CONNECTION'))
      assert.equal(got(client, 'ISC_RET_CONNECTION'), !isRecords(name))
      assert.equal(got(server, 'ASC_RET_CONNECTION'), !isRecords(name))
    })

    test(`ISC_REQ_MANUAL_CRED_VALIDATION: ${name} takes a stranger’s certificate if and only if it says that it did not check`, async () => {
      if (!isRecords(name)) return
      const stranger = credentialOf('self-signed', { roots: undefined })
      const serverCredential =
        name === 'Schannel'
          ? stranger
          : core.credSspCredential({ identity: domain.serviceCredential(TARGET), tls: stranger })
      await assert.rejects(meet(name, domain, { serverCredential }), SspiError)
      const clientReq = core.ISC_REQ_MANUAL_CRED_VALIDATION
      const { client } = await meet(name, domain, { serverCredential, clientReq })
      assert.ok(got(client, 'ISC_RET_MANUAL_CRED_VALIDATION'))
    })
  }

  for (const name of ['NTLM', 'Kerberos', 'Negotiate'] as const) {
    test(`ISC_REQ_DATAGRAM, ASC_REQ_DATAGRAM: the caller of ${name} counts the messages if and only if it says so`, async () => {
      const { client, server } = await meet(name, domain, asking('DATAGRAM', 'INTEGRITY', 'REPLAY_DETECT')).catch(
        (error: unknown) => {
          // NTLM for datagrams has another exchange, which the server begins.
          assert.ok(name === 'NTLM' && error instanceof SspiError)
          return { client: undefined, server: undefined }
        },
      )
      if (client === undefined) return
      assert.ok(got(client, 'ISC_RET_DATAGRAM') && got(server, 'ASC_RET_DATAGRAM'))
      const late = protect(name, client, 5)
      assert.ok(takes(name, server, protect(name, client, 9), 9))
      assert.ok(takes(name, server, late, 5))
    })

    test(`ASC_REQ_ALLOW_MISSING_BINDINGS: a server of ${name} says that bindings were missing if and only if they were`, async () => {
      const serverBindings = { applicationData: new TextEncoder().encode('tls-unique:some channel') }
      const serverReq = core.ASC_REQ_ALLOW_MISSING_BINDINGS
      const without = await meet(name, domain, { serverBindings, serverReq })
      assert.ok(got(without.server, 'ASC_RET_MISSING_BINDINGS'))
      const bound = await meet(name, domain, { serverBindings, clientBindings: serverBindings, serverReq })
      assert.ok(!got(bound.server, 'ASC_RET_MISSING_BINDINGS'))
      const required = domain.sspi({ policy: { channelBindings: 'required' } })
      await assert.rejects(meet(name, domain, { serverBindings, serverSspi: required }), { code: 'SEC_E_BAD_BINDINGS' })
    })
  }

  test('ISC_REQ_MUTUAL_AUTH, ASC_REQ_MUTUAL_AUTH: a client of Kerberos waits for the server’s proof if and only if it says so', async () => {
    for (const [options, tokens] of [
      [{}, 1],
      [asking('MUTUAL_AUTH'), 2],
    ] as const) {
      const sides = await meet('Kerberos', domain, options)
      assert.equal(sides.tokens.length, tokens)
      assert.equal(got(sides.client, 'ISC_RET_MUTUAL_AUTH'), tokens === 2)
      assert.equal(got(sides.server, 'ASC_RET_MUTUAL_AUTH'), tokens === 2)
    }
  })

  for (const name of ['Kerberos', 'Negotiate', 'Schannel', 'CREDSSP'] as const) {
    test(`ISC_REQ_EXTENDED_ERROR, ASC_REQ_EXTENDED_ERROR: a server of ${name} tells a client that it refuses`, async () => {
      const { server } = await meet(name, domain, asking('EXTENDED_ERROR'))
      assert.ok(got(server, 'ASC_RET_EXTENDED_ERROR'))
    })
  }
})
