import assert from 'node:assert/strict'
import { randomBytes } from '../../src/crypto/index.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
import { ntlmPackage } from '../../src/ntlm/index.js'
import {
  ASC_REQ_INTEGRITY,
  identityFrom,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  SecBuffer,
  SecBufferDesc,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_SESSION_KEY,
  SspiError,
  type Account,
  type Exchange,
  type Policy,
  type SecurityPackage,
  type Session,
  type World,
} from '../../src/sspi/index.js'
import { packagesOf } from './both-sides.js'

/** `NTLM`, or `Negotiate` with NTLM in it. */
export type Kind = 'NTLM' | 'Negotiate'

/** What somebody on the way makes of a token; the number counts over both directions, from 0. */
export type OnTheWay = (token: Uint8Array, number: number) => Uint8Array

/** Both sides' sessions, and the tokens as they were sent. */
export interface Both {
  readonly client: Session
  readonly server: Session
  readonly tokens: readonly Uint8Array[]
}

const ALICE: Account = {
  identity: { name: 'alice', domain: 'CONTOSO', sid: 'S-1-5-21-1-2-3-1104', groups: [], source: 'verified' },
  secret: { kind: 'password', password: 'Passw0rd!' },
}
const TARGET = 'HTTP/server01.contoso.com'
const BINDINGS = { applicationData: new TextEncoder().encode('tls-server-end-point:this channel') }

const ntlm = ntlmPackage({
  host: {
    netbiosName: 'SERVER01',
    netbiosDomain: 'CONTOSO',
    dnsName: 'server01.contoso.com',
    dnsDomain: 'contoso.com',
  },
})
const negotiate = negotiatePackage()
const packages = packagesOf([negotiate, ntlm])
const value = {
  kind: 'password',
  user: 'alice',
  domain: 'CONTOSO',
  packageList: undefined,
  password: 'Passw0rd!',
} as const

function worldWith(policy: Policy): World {
  return { now: () => new Date('2026-03-01T12:00:00Z'), random: randomBytes, policy, emit: () => undefined }
}

const lax = worldWith({ channelBindings: 'supported', targetNames: undefined, targetNameRequired: false })
const strict = worldWith({ channelBindings: 'required', targetNames: [TARGET], targetNameRequired: true })

/**
 * Runs an exchange with somebody on the way. Both sides have the same bindings, and the server demands them and its name.
 *
 * @returns both sessions when both sides think that they are done; `undefined` when one waits for more.
 * @throws `SspiError` of the side that refuses. Anything else that is thrown is a failure of the test.
 */
export function runExchange(kind: Kind, onTheWay: OnTheWay = (token) => token): Both | undefined {
  const of: SecurityPackage = kind === 'NTLM' ? ntlm : negotiate
  const credential = of.acquire({ use: 'outbound', principal: undefined, value, packages }, lax)
  const inbound = of.acquire({ use: 'inbound', principal: undefined, value: undefined, packages }, strict)
  const contextReq = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY
  const client = of.initiate!({ credential, targetName: TARGET, contextReq, packages }, lax)
  const server = of.accept!(
    { credential: inbound, contextReq: ISC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY, packages },
    strict,
  )
  try {
    return carry(client, server, onTheWay)
  } catch (error) {
    assert.ok(error instanceof SspiError, `${kind}: ${String(error)}`)
    throw error
  } finally {
    client.dispose()
    server.dispose()
  }
}

function carry(client: Exchange, server: Exchange, onTheWay: OnTheWay): Both | undefined {
  const tokens: Uint8Array[] = []
  let clientSession: Session | undefined
  let serverSession: Session | undefined
  let token: Uint8Array | undefined
  for (let turn = 0; turn < 12; turn++) {
    const initiating = turn % 2 === 0
    if (initiating ? clientSession !== undefined : serverSession !== undefined) break
    let step = (initiating ? client : server).step({ kind: 'token', token, channelBindings: BINDINGS })
    while (step.kind === 'ask') {
      step = server.step({ kind: 'answer', answer: { effect: 'account', value: ALICE } })
    }
    assert.ok(step.kind === 'continue' || step.kind === 'done')
    if (step.kind === 'done' && initiating) clientSession = step.session
    if (step.kind === 'done' && !initiating) serverSession = step.session
    if (step.token === undefined) break
    tokens.push(step.token)
    token = onTheWay(new Uint8Array(step.token), tokens.length - 1)
  }
  if (clientSession === undefined || serverSession === undefined) return undefined
  return { client: clientSession, server: serverSession, tokens }
}

/** Asserts that both sides agree on all that matters, and that nobody else chose any of it. */
export function assertAgreed({ client, server }: Both): void {
  const key = (session: Session): unknown => session.query(SECPKG_ATTR_SESSION_KEY)?.sessionKey
  assert.deepEqual(key(client), key(server), 'the session key')
  assert.equal(client.contextAttr, 0x0001_001c, 'what the client has achieved')
  assert.equal(server.contextAttr, 0x0002_001c, 'what the server has achieved')
  assert.deepEqual(server.peer, identityFrom(ALICE.identity, 'account-database', 'local'))
  for (const session of [client, server]) {
    assert.equal(session.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)?.targetName, TARGET)
  }
  for (let count = 0; count < 2; count++) {
    sendSealed(client, server)
    sendSealed(server, client)
  }
}

function sendSealed(from: Session, to: Session): void {
  const data = new TextEncoder().encode('a message')
  const sealed = [new SecBuffer(SECBUFFER_TOKEN, 16), new SecBuffer(SECBUFFER_DATA, data)]
  from.seal(new SecBufferDesc(sealed), 0, 0)
  to.unseal(new SecBufferDesc(sealed), 0)
  assert.equal(new TextDecoder().decode(data), 'a message')
}
