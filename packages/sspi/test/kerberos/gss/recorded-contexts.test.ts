import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DerReader, fromHex, Tag, toHex } from '../../../src/bytes/index.js'
import { CbcCts, hmacMd5, Rc4 } from '../../../src/crypto/index.js'
import { KerberosCredential } from '../../../src/kerberos/credential.js'
import { usageConstant } from '../../../src/kerberos/enctypes/derivation.js'
import { Enctype, encryptionProfiles, KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { readCcache } from '../../../src/kerberos/files/index.js'
import { makeApReq } from '../../../src/kerberos/gss/ap-messages.js'
import { readContextToken, writeContextToken } from '../../../src/kerberos/gss/context-tokens.js'
import { KERBEROS_OID } from '../../../src/kerberos/gss/oids.js'
import { KeyTable } from '../../../src/kerberos/key-table.js'
import { decodeDer, readApRep, readApReq, type ApReq } from '../../../src/kerberos/messages/index.js'
import { kerberosPackage } from '../../../src/kerberos/package.js'
import { PacBufferType } from '../../../src/kerberos/pac/index.js'
import { parsePrincipal, type Principal } from '../../../src/kerberos/principals.js'
import type { ServiceTicket } from '../../../src/kerberos/service-ticket.js'
import { TicketStore } from '../../../src/kerberos/ticket-store.js'
import type { Timestamp } from '../../../src/kerberos/timestamps.js'
import { readNegotiationToken } from '../../../src/negotiate/index.js'
import {
  ASC_REQ_INTEGRITY,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_SESSION_KEY,
  type Exchange,
  type Packages,
  type Step,
  type World,
} from '../../../src/sspi/index.js'
import { readVectors } from '../../vectors.js'
import { cipherOf, keyOf, recordedContexts, type KeyText, type RecordedContext } from './recorded.js'

const kerberos = kerberosPackage({
  permittedEnctypes: [...encryptionProfiles.keys()],
  insecureAllowRc4: true,
  insecureAllowDes3: true,
})
const NO_PACKAGES: Packages = { find: () => undefined, [Symbol.iterator]: () => [].values() }
const DCE_STYLE = 0x1000

const contexts = recordedContexts(
  'kerberos/gss-wrap-mic.json',
  'kerberos/gss-iov-dce.json',
  'kerberos/gss-context.json',
  'spnego/krb5-sessions.json',
)

for (const context of contexts) {
  test(`our acceptor takes MIT's initiator, and answers by the same bytes: ${context.name}`, () => {
    const { input, expected } = context
    const [first, reply, third] = tokensOf(context)
    const drawn: Uint8Array[] = []
    if (reply !== undefined && expected.encApRepPart !== undefined) {
      drawn.push(seedOf(expected.encApRepPart.subkey!), u32be(expected.encApRepPart.seqNumber))
      drawn.push(confounderOf(expected.ticketSessionKey, reply))
    }
    const { name, realm } = parsePrincipal(input.serviceKey.principal)
    const keys = new KeyTable([
      {
        principal: { name, realm: realm! },
        kvno: requestOf(first!).ticket.encPart.kvno!,
        key: keyOf(input.serviceKey),
      },
    ])
    const credential = new KerberosCredential(undefined, { principal: undefined, keys })
    const world = worldAt(timeOf(expected.authenticator), drawn)
    const exchange = kerberos.accept!({ credential, contextReq: ASC_REQ_INTEGRITY, packages: NO_PACKAGES }, world)
    const data = input.channelBindings?.applicationData
    const channelBindings = data === undefined ? undefined : { applicationData: fromHex(data) }
    let step = answered(exchange, exchange.step({ kind: 'token', token: first, channelBindings }))
    if (expected.ticketSessionKey.enctype !== Enctype.DES3_CBC_SHA1_KD) {
      assert.equal(tokenText(step), reply && toHex(reply))
    }
    if (third !== undefined) step = exchange.step({ kind: 'token', token: third, channelBindings })
    assert.ok(step.kind === 'done')
    const { session } = step
    if (expected.ticketSessionKey.enctype !== Enctype.DES3_CBC_SHA1_KD) {
      assert.equal(toHex(session.query(SECPKG_ATTR_SESSION_KEY)!.sessionKey), expected.contextKey.key)
    }
    const { crealm, cname, flags } = expected.encTicketPart
    assert.deepEqual(session.query(SECPKG_ATTR_NATIVE_NAMES), {
      clientName: `${cname.name.join('/')}@${crealm}`,
      serverName: input.serviceKey.principal,
    })
    assert.equal(session.query(SECPKG_ATTR_KERBEROS_TICKET)!.flags, parseInt(flags, 16))
    const delegated = session.query(SECPKG_ATTR_DELEGATED_TICKETS)
    assert.equal(delegated !== undefined, expected.gssChecksum.delegationKrbCred !== undefined)
    if (delegated !== undefined) {
      const { defaultPrincipal, credentials } = readCcache(delegated.cache)
      assert.deepEqual(defaultPrincipal.name.nameString, cname.name)
      assert.deepEqual(credentials[0]?.server.name.nameString, ['krbtgt', crealm])
    }
    session.dispose()
  })

  test(`our initiator makes the same AP-REQ, and takes MIT's answer: ${context.name}`, () => {
    const { expected } = context
    const [first, reply, third] = tokensOf(context)
    const request = requestOf(first!)
    const ticket = ticketOf(context, request)
    const { authenticator } = expected
    const subkey = keyOf(authenticator.subkey)
    const time = stampOf(authenticator)
    const confounder = cipherConfounder(
      expected.ticketSessionKey,
      KeyUsage.AP_REQ_AUTHENTICATOR,
      request.authenticator.cipher,
    )
    if (confounder !== undefined) {
      const { checksum } = authenticator.cksum
      const made = makeApReq(
        {
          ticket,
          apOptions: request.apOptions,
          time,
          checksum: fromHex(checksum),
          subkey,
          seqNumber: authenticator.seqNumber,
        },
        () => confounder,
      )
      const { oid } = readContextToken(first!)
      assert.equal(toHex(writeContextToken('ap-req', made, oid)), toHex(first!))
    }
    if (reply === undefined || confounder === undefined) return
    const store = new TicketStore(ticket.client)
    store.add(ticket)
    const credential = new KerberosCredential(
      { principal: ticket.client, keys: { kind: 'none' }, store, save: undefined },
      undefined,
    )
    Object.defineProperty(credential, 'timestamps', { value: { next: () => time } })
    const drawn = [seedOf(authenticator.subkey), u32be(authenticator.seqNumber), confounder]
    if (third !== undefined) drawn.push(confounderOf(expected.ticketSessionKey, third))
    const contextReq = 0x1_001e | ((expected.gssChecksum.flags & DCE_STYLE) !== 0 ? 0x200 : 0)
    const targetName = context.input.serviceKey.principal
    const world = worldAt(timeOf(authenticator), drawn)
    const exchange = kerberos.initiate!({ credential, targetName, contextReq, packages: NO_PACKAGES }, world)
    assert.equal(exchange.step({ kind: 'token', token: undefined, channelBindings: undefined }).kind, 'continue')
    const step = exchange.step({ kind: 'token', token: reply, channelBindings: undefined })
    assert.ok(step.kind === 'done')
    // The third leg of MIT has a time of its own; ours has that of the authenticator, as Heimdal's.
    assert.equal(step.token?.length, third?.length)
    assert.equal(toHex(step.session.query(SECPKG_ATTR_SESSION_KEY)!.sessionKey), expected.contextKey.key)
    step.session.dispose()
    exchange.dispose()
  })
}

test('flags that nobody has defined, and what follows the checksum, count for nothing (RFC 4121 section 4.1.1)', () => {
  const context = contexts.find(({ expected }) => expected.gssChecksum.delegationKrbCred === undefined)!
  const { input, expected } = context
  const request = requestOf(tokensOf(context)[0]!)
  const recorded = fromHex(expected.authenticator.cksum.checksum)
  const accept = (checksum: Uint8Array): number => {
    const parts = {
      ticket: ticketOf(context, request),
      apOptions: request.apOptions,
      time: stampOf(expected.authenticator),
      checksum,
      subkey: keyOf(expected.authenticator.subkey),
      seqNumber: expected.authenticator.seqNumber,
    }
    const message = makeApReq(parts, (length) => new Uint8Array(length))
    const { name, realm } = parsePrincipal(input.serviceKey.principal)
    const keys = new KeyTable([
      { principal: { name, realm: realm! }, kvno: request.ticket.encPart.kvno!, key: keyOf(input.serviceKey) },
    ])
    const credential = new KerberosCredential(undefined, { principal: undefined, keys })
    const world = worldAt(timeOf(expected.authenticator), [])
    const exchange = kerberos.accept!({ credential, contextReq: 0, packages: NO_PACKAGES }, world)
    const token = writeContextToken('ap-req', message, KERBEROS_OID)
    answered(exchange, exchange.step({ kind: 'token', token, channelBindings: undefined }))
    return exchange.contextAttr
  }
  const plain = accept(recorded)
  const flagged = recorded.slice()
  flagged[23]! |= 0xc0
  assert.equal(accept(flagged), plain)
  assert.equal(accept(Uint8Array.from([...recorded, 1, 2, 3, 4, 5])), plain)
})

const pacs = readVectors<{ readonly pac: string }, PacExpected>('pac/pac.json').cases

interface PacExpected {
  readonly buffers?: readonly {
    readonly type: number
    readonly decoded?: { readonly LogonDomainId: string; readonly UserId: number }
  }[]
}

interface RequestInput {
  readonly token: string
  readonly framing: string
  readonly serviceKey: KeyText
}

interface RequestExpected {
  readonly encTicketPart: { readonly cname: { readonly name: readonly string[] }; readonly crealm: string }
  readonly authenticator: { readonly ctime: string; readonly cusec: number; readonly subkey?: KeyText }
  readonly authenticatorUsage: number
  readonly pac?: string
}

for (const { name, input, expected } of readVectors<RequestInput, RequestExpected>('kerberos/ap-req.json').cases) {
  test(`an AP-REQ of Windows is accepted, and its PAC is checked: ${name}`, () => {
    const token = input.framing.startsWith('SPNEGO') ? mechTokenOf(fromHex(input.token)) : fromHex(input.token)
    const { ticket } = requestOf(token)
    const principal: Principal = { realm: ticket.realm, name: ticket.sname }
    const keys = new KeyTable([{ principal, kvno: ticket.encPart.kvno ?? 0, key: keyOf(input.serviceKey) }])
    const credential = new KerberosCredential(undefined, { principal: undefined, keys })
    const world = worldAt(timeOf(expected.authenticator), [])
    const exchange = kerberos.accept!({ credential, contextReq: 0, packages: NO_PACKAGES }, world)
    const step = answered(exchange, exchange.step({ kind: 'token', token, channelBindings: undefined }))
    assert.ok(step.kind === 'done')
    const { session } = step
    const shown = session.query(SECPKG_ATTR_KERBEROS_TICKET)!
    assert.equal(shown.verifiedPac && toHex(shown.verifiedPac), expected.pac)
    const { cname, crealm } = expected.encTicketPart
    const { peer } = session
    assert.deepEqual([peer?.name, peer?.domain, peer?.source], [cname.name.join('/'), crealm, 'verified'])
    assert.equal(peer?.origins?.sid?.integrity, expected.pac === undefined ? undefined : 'signed')
    const sid = sidIn(expected.pac)
    if (sid !== undefined) assert.equal(peer?.sid, sid)
    session.dispose()
  })
}

/** The user that a PAC of the vectors names, which has the same PACs taken apart. */
function sidIn(pac: string | undefined): string | undefined {
  const known = pacs.find(({ input }) => input.pac === pac)
  const info = known?.expected.buffers?.find(({ type }) => type === PacBufferType.LOGON_INFO)?.decoded
  return info && `${info.LogonDomainId}-${info.UserId}`
}

/** The tokens without SPNEGO around them. */
function tokensOf({ input }: RecordedContext): readonly Uint8Array[] {
  const tokens = input.tokens.map(({ token }) => fromHex(token))
  if (readableOf(tokens[0]!)) return tokens
  return tokens.map((token) => mechTokenOf(token)).filter((token) => token.length > 0)
}

function readableOf(token: Uint8Array): boolean {
  try {
    readContextToken(token)
    return true
  } catch {
    return false
  }
}

function mechTokenOf(token: Uint8Array): Uint8Array {
  const message = readNegotiationToken(token)
  const inner = message.kind === 'negTokenInit' ? message.mechToken : message.responseToken
  return inner ?? new Uint8Array(0)
}

function requestOf(token: Uint8Array): ApReq {
  return decodeDer(readContextToken(token).message, readApReq)
}

function ticketOf({ expected }: RecordedContext, { ticket }: ApReq): ServiceTicket {
  const { cname, crealm, flags, endtime } = expected.encTicketPart
  return {
    ticket,
    client: { realm: crealm, name: { nameType: 1, nameString: cname.name } },
    server: { realm: ticket.realm, name: ticket.sname },
    sessionKey: keyOf(expected.ticketSessionKey),
    flags: parseInt(flags, 16),
    authTime: dateOf(expected.authenticator.ctime),
    startTime: dateOf(expected.authenticator.ctime),
    endTime: dateOf(endtime),
    renewTill: undefined,
    kdcTimeOffsetMs: 0,
  }
}

function worldAt(now: Date, drawn: Uint8Array[]): World {
  return {
    now: () => now,
    random: (length) => {
      const next = drawn.shift() ?? new Uint8Array(length)
      assert.equal(next.length, length, 'as many bytes as were drawn then')
      return next.slice()
    },
    policy: { channelBindings: 'required', targetNames: undefined, targetNameRequired: false },
    emit: () => undefined,
  }
}

/** Every authenticator is the first of its kind here. */
function answered(exchange: Exchange, step: Step): Step {
  if (step.kind !== 'ask') return step
  assert.equal(step.ask.effect, 'replay')
  return exchange.step({ kind: 'answer', answer: { effect: 'replay', value: true } })
}

function tokenText(step: Step): string | undefined {
  assert.ok(step.kind === 'done' || step.kind === 'continue')
  return step.token && toHex(step.token)
}

/** Random bytes that the key is made of; those of triple DES cannot be told from it. */
function seedOf({ enctype, key }: KeyText): Uint8Array {
  return enctype === Enctype.DES3_CBC_SHA1_KD ? new Uint8Array(21).fill(7) : fromHex(key)
}

function confounderOf(sessionKey: KeyText, token: Uint8Array): Uint8Array {
  const { encPart } = decodeDer(readContextToken(token).message, readApRep)
  return cipherConfounder(sessionKey, KeyUsage.AP_REP_ENCPART, encPart.cipher) ?? new Uint8Array(8)
}

/** What a ciphertext begins with inside; `undefined` for triple DES. */
function cipherConfounder({ enctype, key }: KeyText, usage: number, ciphertext: Uint8Array): Uint8Array | undefined {
  const bytes = fromHex(key)
  if (enctype === Enctype.RC4_HMAC) {
    const messageKey = hmacMd5(hmacMd5(bytes, Uint8Array.of(usage, 0, 0, 0)), ciphertext.subarray(0, 16))
    return new Rc4(messageKey).apply(ciphertext.slice(16)).subarray(0, 8)
  }
  const found = cipherOf(enctype)
  if (found === undefined) return undefined
  const usageKey = found.derive(bytes, usageConstant(usage, 0xaa), bytes.length)
  const { macBytes } = new KerberosKey(enctype, bytes).profile
  return new CbcCts(found.cipher, usageKey).decrypt(ciphertext.slice(0, ciphertext.length - macBytes)).subarray(0, 16)
}

function u32be(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function dateOf(text: string): Date {
  const content = new TextEncoder().encode(text)
  return new DerReader(Uint8Array.of(Tag.GENERALIZED_TIME, content.length, ...content)).generalizedTime('time')
}

function timeOf({ ctime, cusec }: { readonly ctime: string; readonly cusec: number }): Date {
  return new Date(dateOf(ctime).getTime() + Math.trunc(cusec / 1000))
}

function stampOf({ ctime, cusec }: { readonly ctime: string; readonly cusec: number }): Timestamp {
  return { seconds: dateOf(ctime), microseconds: cusec }
}
