import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { encodeUtf8 } from '../../../src/bytes/index.js'
import { secretFrom } from '../../../src/crypto/index.js'
import {
  AddressType,
  KerberosErrorCode,
  MessageType,
  NameType,
  PaDataType,
  TicketFlag,
} from '../../../src/kerberos/constants.js'
import { acquireKerberosCredential } from '../../../src/kerberos/credential.js'
import { EffectRun, type Effectful } from '../../../src/kerberos/effect-run.js'
import { Enctype, KerberosKey, KeyUsage, stringToKey } from '../../../src/kerberos/enctypes/index.js'
import { armorKey } from '../../../src/kerberos/fast/armor.js'
import { clientChallengeKey, kdcChallengeKey } from '../../../src/kerberos/kdc-exchange/encrypted-challenge.js'
import type { KdcClient } from '../../../src/kerberos/kdc-client.js'
import {
  decodeDer,
  encodeDer,
  makeTicket,
  readApReq,
  readAuthenticator,
  readEncKrbPrivPart,
  readEncryptedData,
  readEncTicketPart,
  readKdcReq,
  readKrbPriv,
  readPaEncTsEnc,
  readPaFxFastRequest,
  readPasswordRequest,
  writeApRep,
  writeChecksum,
  writeEncApRepPart,
  writeEncKdcRepPart,
  writeEncKrbPrivPart,
  writeEncryptedData,
  writeEncTicketPart,
  writeEtypeInfo2,
  writeKdcRep,
  writeKrbError,
  writeKrbPriv,
  writeMethodData,
  writePaEncTsEnc,
  writePasswordReply,
  writePasswordResult,
  type EncKdcRepPart,
  type EncTicketPart,
  type EtypeInfo2Entry,
  type KdcRep,
  type KdcReq,
  type KrbError,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.js'
import { readOptions, type KerberosOptions } from '../../../src/kerberos/options.js'
import { formatName, parsePrincipal } from '../../../src/kerberos/principals.js'
import type { Answer, Ask, RevealedCredential } from '../../../src/sspi/index.js'
import { FakeFast, valueOf, type FastLies } from './fake-fast.js'

/** The time of every test, unless it moves the clock. */
export const NOW = new Date('2026-11-22T12:00:00Z')
export const PASSWORD = 'Passw0rd-1'

/** A key from a password as a KDC stores it. */
export function keyFromPassword(password: string, salt: string, enctype: number = Enctype.AES256_CTS_HMAC_SHA1_96) {
  const derivation = stringToKey(enctype, password, encodeUtf8(salt))
  if (derivation.kind === 'key') return derivation.key
  const { query } = derivation
  return derivation.finish(pbkdf2Sync(query.password, query.salt, query.iterations, query.length, query.hash))
}

export interface FakeUser {
  key: KerberosKey
  /** Whether a timestamp is wanted. Default `true`. */
  preauth?: boolean
  /** What ETYPE-INFO2 says. */
  hints: readonly EtypeInfo2Entry[]
}

/** How a KDC lies. */
export interface Lies {
  /** An error in the place of an answer. */
  error?: (request: KdcReq, count: number) => Partial<KrbError> | undefined
  part?: (part: EncKdcRepPart, request: KdcReq) => EncKdcRepPart
  reply?: (reply: KdcRep) => KdcRep
  ticketPart?: (part: EncTicketPart) => EncTicketPart
  bytes?: (bytes: Uint8Array) => Uint8Array
  /** Its own proof after an encrypted challenge: none, the client's sent back, or one under the client's key. */
  challenge?: 'none' | 'echo' | 'client-key'
}

/** A KDC of our own codecs, for what a real one does not do. It believes everything that decrypts. */
export class FakeKdc {
  readonly realm: string
  readonly users = new Map<string, FakeUser>()
  readonly services = new Map<string, KerberosKey>()
  /** The next realm for a service that is not here; `*` for any. */
  readonly referrals = new Map<string, string>()
  /** Canonical names of services, by their others. */
  readonly aliases = new Map<string, string>()
  readonly requests: KdcReq[] = []
  readonly passwords: string[] = []
  lies: Lies = {}
  /** Whether it speaks FAST, and how it lies there. */
  fast: FastLies | undefined
  /** Whether it says so when it asks for pre-authentication. */
  offersFast = true
  /** What came inside of FAST. */
  readonly insides: KdcReq[] = []
  clock = (): Date => NOW
  /** A subkey of kpasswd's own. Default: the client's, repeated. */
  passwordSubkey: KerberosKey | undefined
  /** What kpasswd answers. */
  passwordResult = { resultCode: 0, resultString: encodeUtf8('') }

  constructor(realm: string) {
    this.realm = realm
    this.service(`krbtgt/${realm}`)
    this.service('kadmin/changepw')
  }

  user(name: string, password = PASSWORD, options: Partial<FakeUser> = {}): this {
    const salt = encodeUtf8(this.realm + name.replace('/', ''))
    const key = options.key ?? keyFromPassword(password, this.realm + name.replace('/', ''))
    this.users.set(name, { key, hints: [{ etype: key.enctype, salt }], ...options })
    return this
  }

  service(name: string, key: KerberosKey = KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96)): this {
    this.services.set(name, key)
    return this
  }

  /** Trusts another realm, both knowing the key. */
  trust(other: FakeKdc): this {
    const key = KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96)
    this.service(`krbtgt/${other.realm}`, key)
    other.services.set(`krbtgt/${other.realm}@${this.realm}`, key)
    return this
  }

  answer(bytes: Uint8Array): Uint8Array {
    const request = decodeDer(bytes, readKdcReq)
    this.requests.push(request)
    const lie = this.lies.error?.(request, this.requests.length)
    if (lie !== undefined) return this.error(request, lie)
    const reply = request.msgType === MessageType.KRB_AS_REQ ? this.#as(request, bytes) : this.#tgs(request)
    return this.lies.bytes?.(reply) ?? reply
  }

  error(request: KdcReq, error: Partial<KrbError>): Uint8Array {
    const { realm, sname, cname } = request.reqBody
    return encodeDer(
      {
        stime: this.clock(),
        susec: 0,
        errorCode: 60,
        realm,
        sname: sname ?? parsePrincipal('krbtgt').name,
        crealm: realm,
        cname,
        ...error,
      },
      writeKrbError,
    )
  }

  changePassword(bytes: Uint8Array): Uint8Array {
    const { apReq, krbPriv } = readPasswordRequest(bytes)
    const { sessionKey, authenticator } = this.#openApReq(apReq, KeyUsage.AP_REQ_AUTHENTICATOR)
    const { keytype, keyvalue } = authenticator.subkey!
    const subkey = new KerberosKey(keytype, keyvalue)
    const { cipher } = decodeDer(krbPriv, readKrbPriv).encPart
    const { userData } = decodeDer(subkey.decrypt(KeyUsage.KRB_PRIV_ENCPART, cipher), readEncKrbPrivPart)
    this.passwords.push(new TextDecoder().decode(userData))
    const { ctime, cusec } = authenticator
    const own = this.passwordSubkey ?? subkey
    const repeated = { keytype: own.enctype, keyvalue: own.reveal() }
    const repPart = encodeDer({ ctime, cusec, subkey: repeated }, writeEncApRepPart)
    const sAddress = { addrType: AddressType.IPV4, address: new Uint8Array(4) }
    const result = encodeDer({ userData: writePasswordResult(this.passwordResult), sAddress }, writeEncKrbPrivPart)
    const sealed = (key: KerberosKey, usage: number, plaintext: Uint8Array) => ({
      etype: key.enctype,
      cipher: key.encrypt(usage, plaintext),
    })
    const reply = writePasswordReply({
      kind: 'reply',
      version: 1,
      apRep: encodeDer({ encPart: sealed(sessionKey, KeyUsage.AP_REP_ENCPART, repPart) }, writeApRep),
      krbPriv: encodeDer({ encPart: sealed(own, KeyUsage.KRB_PRIV_ENCPART, result) }, writeKrbPriv),
    })
    return this.lies.bytes?.(reply) ?? reply
  }

  #as(outer: KdcReq, bytes: Uint8Array): Uint8Array {
    const fast = this.#openFast(outer)
    const request = fast?.request ?? outer
    const { cname, sname } = request.reqBody
    const user = this.users.get(formatName(cname!))
    if (user === undefined) {
      return this.#refuse(outer, fast, { errorCode: KerberosErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    }
    const info: PaData = {
      padataType: PaDataType.PA_ETYPE_INFO2,
      padataValue: encodeDer(user.hints, writeEtypeInfo2),
    }
    const padata = [info]
    if (user.preauth !== false) {
      const type = fast === undefined ? PaDataType.PA_ENC_TIMESTAMP : PaDataType.PA_ENCRYPTED_CHALLENGE
      const offered = [type, ...(this.fast !== undefined && this.offersFast ? [PaDataType.PA_FX_FAST] : [])]
      const offers = [info, ...offered.map((padataType) => ({ padataType, padataValue: new Uint8Array(0) }))]
      const stamp = valueOf(request.padata, type)
      if (stamp === undefined) {
        return this.#refuse(outer, fast, { errorCode: KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED }, offers)
      }
      const key = fast === undefined ? user.key : clientChallengeKey(fast.armorKey, user.key)
      const usage = fast === undefined ? KeyUsage.AS_REQ_PA_ENC_TIMESTAMP : KeyUsage.ENC_CHALLENGE_CLIENT
      const wrong = this.#checkStamp(key, usage, stamp)
      if (wrong !== undefined) return this.#refuse(outer, fast, { errorCode: wrong }, offers)
      if (fast !== undefined) padata.push(...this.#challenge(fast, user.key, stamp))
    }
    const { ticket, part } = this.#issue(request, sname!, { realm: this.realm, name: cname! })
    const key = fast?.replyKey(user.key) ?? user.key
    const checksum = key.checksum(KeyUsage.AS_REQ, bytes)
    const seen = encodeDer({ cksumtype: key.profile.checksumType, checksum }, writeChecksum)
    const encryptedPaData: PaData[] = [{ padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: seen }]
    if (this.fast !== undefined) {
      encryptedPaData.push({ padataType: PaDataType.PA_FX_FAST, padataValue: new Uint8Array(0) })
    }
    const flags = (part.flags | TicketFlag.ENC_PA_REP) >>> 0
    const whole = this.lies.part?.({ ...part, flags, encryptedPaData }, request) ?? { ...part, flags, encryptedPaData }
    const cipher = key.encrypt(KeyUsage.AS_REP_ENCPART, encodeDer(whole, writeEncKdcRepPart))
    const bare: KdcRep = {
      msgType: MessageType.KRB_AS_REP,
      padata,
      crealm: this.realm,
      cname: cname!,
      ticket,
      encPart: { etype: key.enctype, cipher },
    }
    const reply = fast?.reply(bare, this.clock()) ?? bare
    return encodeDer(this.lies.reply?.(reply) ?? reply, writeKdcRep)
  }

  #openFast(outer: KdcReq): FakeFast | undefined {
    const sealed = valueOf(outer.padata, PaDataType.PA_FX_FAST)
    if (this.fast === undefined || sealed === undefined) return undefined
    const { armor } = decodeDer(sealed, readPaFxFastRequest)
    const apReq = armor?.armorValue ?? valueOf(outer.padata, PaDataType.PA_TGS_REQ)!
    const usage = armor === undefined ? KeyUsage.TGS_REQ_AUTHENTICATOR : KeyUsage.AP_REQ_AUTHENTICATOR
    const { sessionKey, authenticator } = this.#openApReq(apReq, usage)
    const subkey = new KerberosKey(authenticator.subkey!.keytype, authenticator.subkey!.keyvalue)
    const covered = armor === undefined ? apReq : outer.reqBody.raw
    const fast = new FakeFast(outer, armorKey(subkey, sessionKey), covered, this.fast)
    this.insides.push(fast.request)
    return fast
  }

  #challenge({ armorKey: armor }: FakeFast, userKey: KerberosKey, echo: Uint8Array): readonly PaData[] {
    const { challenge } = this.lies
    const padataType = PaDataType.PA_ENCRYPTED_CHALLENGE
    if (challenge === 'none') return []
    if (challenge === 'echo') return [{ padataType, padataValue: echo }]
    const key = (challenge === 'client-key' ? clientChallengeKey : kdcChallengeKey)(armor, userKey)
    const plaintext = encodeDer({ patimestamp: this.clock(), pausec: 0 }, writePaEncTsEnc)
    const sealed = { etype: key.enctype, cipher: key.encrypt(KeyUsage.ENC_CHALLENGE_KDC, plaintext) }
    return [{ padataType, padataValue: encodeDer(sealed, writeEncryptedData) }]
  }

  #refuse(
    outer: KdcReq,
    fast: FakeFast | undefined,
    error: Partial<KrbError>,
    methodData: readonly PaData[] = [],
  ): Uint8Array {
    if (fast === undefined) {
      const eData = methodData.length === 0 ? undefined : encodeDer(methodData, writeMethodData)
      return this.error(outer, { ...error, eData })
    }
    // What stands outside of the armour is anybody's.
    const outside = { errorCode: error.errorCode ?? 60, eText: 'outside' }
    return this.error(outer, { ...outside, eData: fast.errorData(this.error(outer, error), methodData) })
  }

  #checkStamp(key: KerberosKey, usage: number, padataValue: Uint8Array): number | undefined {
    try {
      const { cipher } = decodeDer(padataValue, readEncryptedData)
      const { patimestamp } = decodeDer(key.decrypt(usage, cipher), readPaEncTsEnc)
      const apart = Math.abs(patimestamp.getTime() - this.clock().getTime())
      return apart > 300_000 ? KerberosErrorCode.KRB_AP_ERR_SKEW : undefined
    } catch {
      return KerberosErrorCode.KDC_ERR_PREAUTH_FAILED
    }
  }

  #tgs(request: KdcReq): Uint8Array {
    const apReq = request.padata!.find(({ padataType }) => padataType === PaDataType.PA_TGS_REQ)!.padataValue
    const { authenticator, part: tgt } = this.#openApReq(apReq, KeyUsage.TGS_REQ_AUTHENTICATOR, request)
    if (Math.abs(authenticator.ctime.getTime() - this.clock().getTime()) > 300_000) {
      return this.error(request, { errorCode: KerberosErrorCode.KRB_AP_ERR_SKEW })
    }
    const fast = this.#openFast(request)
    const named = formatName(request.reqBody.sname!)
    const asked = parsePrincipal(this.aliases.get(named) ?? named).name
    const next = this.referrals.get(formatName(asked)) ?? this.referrals.get('*')
    const sname = next === undefined ? asked : { nameType: NameType.NT_SRV_INST, nameString: ['krbtgt', next] }
    if (!this.services.has(formatName(sname))) {
      return this.#refuse(request, fast, { errorCode: KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN })
    }
    const client = { realm: tgt.crealm, name: tgt.cname }
    const { ticket, part } = this.#issue(request, sname, client)
    const whole: EncKdcRepPart = { ...part, type: 'EncTGSRepPart' }
    const subkey = new KerberosKey(authenticator.subkey!.keytype, authenticator.subkey!.keyvalue)
    const plaintext = encodeDer(this.lies.part?.(whole, request) ?? whole, writeEncKdcRepPart)
    const key = fast?.replyKey(subkey) ?? subkey
    const cipher = key.encrypt(KeyUsage.TGS_REP_ENCPART_SUBKEY, plaintext)
    const bare: KdcRep = {
      msgType: MessageType.KRB_TGS_REP,
      crealm: client.realm,
      cname: client.name,
      ticket,
      encPart: { etype: key.enctype, cipher },
    }
    const reply = fast?.reply(bare, this.clock()) ?? bare
    return encodeDer(this.lies.reply?.(reply) ?? reply, writeKdcRep)
  }

  #openApReq(bytes: Uint8Array, usage: number, request?: KdcReq) {
    const { ticket, authenticator: sealed } = decodeDer(bytes, readApReq)
    const name = formatName(ticket.sname)
    const key = this.services.get(ticket.realm === this.realm ? name : `${name}@${ticket.realm}`)!
    const part = decodeDer(key.decrypt(KeyUsage.KDC_REP_TICKET, ticket.encPart.cipher), readEncTicketPart)
    const sessionKey = new KerberosKey(part.key.keytype, part.key.keyvalue)
    const authenticator = decodeDer(sessionKey.decrypt(usage, sealed.cipher), readAuthenticator)
    if (request !== undefined) {
      const { cksumtype, checksum } = authenticator.cksum!
      const body = request.reqBody.raw
      sessionKey.verifyChecksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, body, checksum, cksumtype)
    }
    return { part, sessionKey, authenticator }
  }

  #issue(request: KdcReq, sname: PrincipalName, client: { readonly realm: string; readonly name: PrincipalName }) {
    const { kdcOptions, till, rtime, nonce } = request.reqBody
    const key = this.services.get(formatName(sname))!
    const session = KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96)
    const copied = TicketFlag.FORWARDABLE | TicketFlag.FORWARDED | TicketFlag.PROXIABLE | TicketFlag.RENEWABLE
    const flags = ((kdcOptions & copied) | TicketFlag.PRE_AUTHENT) >>> 0
    const times = { authtime: this.clock(), starttime: this.clock(), endtime: till, renewTill: rtime }
    const shared = { flags, key: { keytype: session.enctype, keyvalue: session.reveal() }, ...times }
    const honest: EncTicketPart = {
      ...shared,
      crealm: client.realm,
      cname: client.name,
      transited: { trType: 1, contents: new Uint8Array(0) },
    }
    const plaintext = encodeDer(this.lies.ticketPart?.(honest) ?? honest, writeEncTicketPart)
    const cipher = key.encrypt(KeyUsage.KDC_REP_TICKET, plaintext)
    const ticket = makeTicket({ realm: this.realm, sname, encPart: { etype: key.enctype, kvno: 1, cipher } })
    const lastReq = [{ lrType: 0, lrValue: this.clock() }]
    const part: EncKdcRepPart = { type: 'EncASRepPart', ...shared, lastReq, nonce, srealm: this.realm, sname }
    return { ticket, part }
  }
}

/** What a run asked for, and how often. */
export interface Driven<T> {
  readonly value: T
  readonly asks: readonly Ask[]
}

/** Runs to the end, with the answers of KDCs by realm. */
export function drive<T>(run: Effectful<T>, ...kdcs: readonly FakeKdc[]): Driven<T> {
  const effects = new EffectRun(run)
  const asks: Ask[] = []
  let progress = effects.step()
  while (progress.kind === 'ask') {
    asks.push(progress.ask)
    progress = effects.step(answerOf(progress.ask, kdcs))
  }
  return { value: progress.value, asks }
}

export function answerOf(ask: Ask, kdcs: readonly FakeKdc[]): Answer {
  switch (ask.effect) {
    case 'kdc': {
      const kdc = kdcs.find(({ realm }) => realm === ask.query.realm)
      if (kdc === undefined) throw new Error(`no KDC of ${ask.query.realm}`)
      const { service, request } = ask.query
      return { effect: 'kdc', value: service === 'kdc' ? kdc.answer(request) : kdc.changePassword(request) }
    }
    case 'stretch': {
      const { password, salt, iterations, length, hash } = ask.query
      return { effect: 'stretch', value: secretFrom(pbkdf2Sync(password, salt, iterations, length, hash)) }
    }
    case 'reveal': {
      const { value } = ask.query
      assert.ok(value.kind === 'keytab' || value.kind === 'ticket-cache')
      const bytes = value.reveal()
      assert.ok(bytes instanceof Uint8Array)
      const { packageList } = value
      return value.kind === 'keytab'
        ? { effect: 'reveal', value: { kind: 'keytab', principal: value.principal, packageList, keytab: bytes } }
        : { effect: 'reveal', value: { kind: 'ticket-cache', packageList, save: undefined, cache: bytes } }
    }
    case 'keepTickets':
      void ask.query.save(ask.query.cache)
      return { effect: 'keepTickets', value: undefined }
    default:
      throw new Error(`nobody answers '${ask.effect}'`)
  }
}

/** A client with a credential, whose clock stands still. */
export function clientOf(value: RevealedCredential, options: KerberosOptions = {}, now = (): Date => NOW): KdcClient {
  const settings = readOptions(options)
  const credential = acquireKerberosCredential({ use: 'outbound', principal: undefined, value }, settings)
  return { credential, settings, world: { now, random: countingRandom() } }
}

export function passwordOf(user: string, password = PASSWORD, domain = ''): RevealedCredential {
  return { kind: 'password', user, domain, packageList: undefined, password }
}

/** Different bytes at each call, the same in each run. */
function countingRandom(): (length: number) => Uint8Array {
  let next = 1
  return (length) => Uint8Array.from({ length }, () => (next = (next * 73 + 11) % 65_521) & 0xff)
}
