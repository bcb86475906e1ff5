import { applicationTag, decodeUtf8, encodeUtf8 } from '../bytes/index.js'
import { wipe } from '../crypto/index.js'
import {
  AddressType,
  CHANGE_PASSWORD_SERVICE,
  decodeDer,
  decodePadded,
  encodeDer,
  formatPrincipal,
  KerberosErrorCode,
  KeyUsage,
  MessageType,
  PasswordResultCode,
  PasswordVersion,
  readChangePasswdData,
  readEncKrbPrivPart,
  readKrbPriv,
  readPasswordRequest,
  realmOfKrbtgt,
  sameName,
  samePrincipal,
  TicketFlag,
  writeApRep,
  writeEncApRepPart,
  writeEncKrbPrivPart,
  writeKrbPriv,
  writePasswordReply,
  writePasswordResult,
  type PasswordRequest,
  type Principal,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { checkClient } from './account-status.js'
import { checkReplay, disposeRequest, openApRequest, type OpenedRequest } from './ap-request.js'
import { ask, type KdcEffectful } from './effects.js'
import { krbError } from './errors.js'
import { passwordKeys } from './password-keys.js'
import { isOfHistory, objectionToAge, objectionToPassword } from './password-policy.js'
import { currentKeys, type KdcPrincipal } from './principal-entry.js'
import { Refusal, refusalOf } from './refusal.js'
import { encrypt, later, wholeSeconds, type Turn } from './turn.js'

/** What becomes of a request: the code, and a sentence for the user. */
interface Outcome {
  readonly resultCode: number
  readonly text: string
}

/** A request to change or set a password that is not done. Within this file only. */
class Denial extends SspiError {
  readonly resultCode: number

  constructor(resultCode: number, text: string) {
    super('SEC_E_KDC_INVALID_REQUEST', text)
    this.resultCode = resultCode
  }
}

/**
 * Changes and sets passwords: RFC 3244. Who asks is known by a ticket for `kadmin/changepw`, which is had for the password only.
 *
 * @returns the reply; `undefined` for what is a reply itself.
 */
export function* answerPasswordRequest(turn: Turn, bytes: Uint8Array): KdcEffectful<Uint8Array | undefined> {
  let request: PasswordRequest | undefined
  let opened: OpenedRequest | undefined
  try {
    request = readPasswordRequest(bytes)
    if (isReply(request)) return undefined
    checkVersion(request)
    opened = yield* openRequest(turn, request)
  } catch (error) {
    if (opened !== undefined) disposeRequest(opened)
    return refuseInTheOpen(turn, error)
  }
  try {
    const outcome = yield* outcomeOf(turn, opened, request)
    return sealReply(turn, opened, outcome)
  } finally {
    disposeRequest(opened)
  }
}

/** What a server has sent is not answered: two of them would never stop. Errors have no AP message, replies an AP-REP. */
function isReply({ apReq }: PasswordRequest): boolean {
  return apReq.length === 0 || apReq[0] === applicationTag(MessageType.KRB_AP_REP)
}

function checkVersion({ version }: PasswordRequest): void {
  if (version === PasswordVersion.CHANGE || version === PasswordVersion.SET) return
  throw new Denial(PasswordResultCode.KRB5_KPASSWD_BAD_VERSION, `Version ${version} is not known here.`)
}

function* openRequest(turn: Turn, { apReq }: PasswordRequest): KdcEffectful<OpenedRequest> {
  const opened = yield* openApRequest(turn, apReq, KeyUsage.AP_REQ_AUTHENTICATOR)
  let done = false
  try {
    if (opened.server.realm !== turn.realm || !sameName(opened.server.name, CHANGE_PASSWORD_SERVICE)) {
      throw new Refusal(KerberosErrorCode.KRB_AP_ERR_NOT_US, 'the ticket is not for kadmin/changepw')
    }
    yield* checkReplay(turn, opened)
    done = true
    return opened
  } finally {
    if (!done) disposeRequest(opened)
  }
}

/** Where nobody has authenticated, the result is in the `e-data` of a KRB-ERROR: RFC 3244 section 2. */
function refuseInTheOpen(turn: Turn, failure: unknown): Uint8Array {
  const { refusal, resultCode } = openFailure(failure)
  turn.emit({ kind: 'password-refused', resultCode, reason: refusal.reason, by: undefined, from: turn.from })
  const eData = writePasswordResult({ resultCode, resultString: encodeUtf8(refusal.reason) })
  const error = krbError(turn, new Refusal(refusal.errorCode, refusal.reason, { eData }), {
    realm: turn.realm,
    name: CHANGE_PASSWORD_SERVICE,
  })
  return writePasswordReply({ kind: 'error', version: PasswordVersion.CHANGE, krbError: error })
}

function openFailure(error: unknown): { readonly refusal: Refusal; readonly resultCode: number } {
  if (error instanceof Denial) {
    const refusal = new Refusal(KerberosErrorCode.KRB_ERR_GENERIC, error.message)
    return { refusal, resultCode: error.resultCode }
  }
  const refusal = refusalOf(error)
  return { refusal, resultCode: RESULTS.get(refusal.errorCode) ?? PasswordResultCode.KRB5_KPASSWD_AUTHERROR }
}

const RESULTS: ReadonlyMap<number, number> = new Map([
  [KerberosErrorCode.KRB_ERR_GENERIC, PasswordResultCode.KRB5_KPASSWD_MALFORMED],
  [KerberosErrorCode.KDC_ERR_SVC_UNAVAILABLE, PasswordResultCode.KRB5_KPASSWD_HARDERROR],
])

function* outcomeOf(turn: Turn, opened: OpenedRequest, request: PasswordRequest): KdcEffectful<Outcome> {
  const by = formatPrincipal(opened.client)
  try {
    const { password, target } = openPassword(turn, opened, request)
    const entry = yield* authorise(turn, opened, target)
    yield* setPassword(turn, entry, password, samePrincipal(target, opened.client))
    turn.emit({ kind: 'password-changed', target: formatPrincipal(entry.principal), by, from: turn.from })
    return { resultCode: PasswordResultCode.KRB5_KPASSWD_SUCCESS, text: '' }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    const outcome = error instanceof Denial ? { resultCode: error.resultCode, text: error.message } : failed(error)
    turn.emit({ kind: 'password-refused', resultCode: outcome.resultCode, reason: outcome.text, by, from: turn.from })
    return outcome
  }
}

function failed(error: SspiError): Outcome {
  return error.code === 'SEC_E_INVALID_TOKEN' || error.code === 'SEC_E_MESSAGE_ALTERED'
    ? { resultCode: PasswordResultCode.KRB5_KPASSWD_MALFORMED, text: 'The request does not parse.' }
    : { resultCode: PasswordResultCode.KRB5_KPASSWD_HARDERROR, text: 'The password cannot be changed now.' }
}

interface WantedPassword {
  readonly password: string
  readonly target: Principal
}

/** What the KRB-PRIV asks for: with version 1 the new password of the client, with 0xff80 maybe somebody else's. */
function openPassword(
  turn: Turn,
  { subkey, sessionKey, client, authenticator }: OpenedRequest,
  { version, krbPriv }: PasswordRequest,
): WantedPassword {
  const plain = (subkey ?? sessionKey).decrypt(
    KeyUsage.KRB_PRIV_ENCPART,
    decodeDer(krbPriv, readKrbPriv).encPart.cipher,
  )
  try {
    const { userData, seqNumber } = decodePadded(plain, readEncKrbPrivPart)
    if (seqNumber !== undefined && authenticator.seqNumber !== undefined && seqNumber !== authenticator.seqNumber) {
      throw new Denial(PasswordResultCode.KRB5_KPASSWD_MALFORMED, 'The parts of the request do not belong together.')
    }
    if (version === PasswordVersion.CHANGE) return { password: decodeUtf8(userData, 'new password'), target: client }
    const { newpasswd, targname, targrealm } = decodeDer(userData, readChangePasswdData)
    const target = targname === undefined ? client : { realm: targrealm ?? turn.realm, name: targname }
    return { password: decodeUtf8(newpasswd, 'new password'), target }
  } finally {
    wipe(plain)
  }
}

/** Everybody may change the own password, having just given the old one; who may set others' is an attribute of theirs. */
function* authorise(turn: Turn, { client, part }: OpenedRequest, target: Principal): KdcEffectful<KdcPrincipal> {
  const own = client.realm === turn.realm ? yield* ask('principal', { principal: client, as: 'client' }) : undefined
  if (own === undefined) throw denied('Only clients of this realm change passwords.')
  try {
    checkClient(turn, own)
  } catch {
    throw denied('The account may not be used now.')
  }
  if ((part.flags & TicketFlag.INITIAL) === 0) {
    throw new Denial(PasswordResultCode.KRB5_KPASSWD_INITIAL_FLAG_NEEDED, 'The password must be given for this.')
  }
  if (samePrincipal(target, client)) return own
  const entry =
    own.attributes.maySetPasswords === true && target.realm === turn.realm
      ? yield* ask('principal', { principal: target, as: 'client' })
      : undefined
  // One answer for all: who may not set passwords learns nothing of names.
  if (entry === undefined || isOfTheRealm(entry)) {
    throw denied('The password may not be set, or there is nobody of that name.')
  }
  return entry
}

/** Whoever sets the key of a ticket-granting service is everybody from then on: no password of another is worth that much. */
function isOfTheRealm({ principal, attributes }: KdcPrincipal): boolean {
  return realmOfKrbtgt(principal.name) !== undefined || attributes.changesPasswords === true
}

function denied(text: string): Denial {
  return new Denial(PasswordResultCode.KRB5_KPASSWD_ACCESSDENIED, text)
}

function* setPassword(turn: Turn, entry: KdcPrincipal, password: string, isOwn: boolean): KdcEffectful<void> {
  const { policy, now } = turn
  const objection =
    (isOwn ? objectionToAge(policy, entry, now) : undefined) ?? objectionToPassword(policy, password, entry)
  if (objection !== undefined) throw new Denial(PasswordResultCode.KRB5_KPASSWD_SOFTERROR, objection)
  const enctypes = currentKeys(entry).map(({ key }) => key.enctype)
  const keys = yield* passwordKeys(password, { principal: entry.principal, enctypes })
  try {
    if (isOfHistory(policy, entry, keys)) {
      throw new Denial(PasswordResultCode.KRB5_KPASSWD_SOFTERROR, 'The password is one of the last.')
    }
    const { maximumAgeSeconds } = policy.passwords
    const passwordExpires = maximumAgeSeconds === 0 ? undefined : later(wholeSeconds(now), maximumAgeSeconds)
    yield* ask('update', { principal: entry.principal, keys, time: now, passwordExpires })
  } finally {
    for (const { key } of keys) key.dispose()
  }
}

/** AP-REP and KRB-PRIV under the client's subkey, which the AP-REP repeats as MIT's does. */
function sealReply(
  turn: Turn,
  { sessionKey, subkey, authenticator }: OpenedRequest,
  { resultCode, text }: Outcome,
): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0] = turn.random(4)
  const seqNumber = ((a & 0x3f) << 24) | (b << 16) | (c << 8) | d
  const keyvalue = subkey?.reveal()
  const repPart = encodeDer(
    {
      ctime: authenticator.ctime,
      cusec: authenticator.cusec,
      subkey: subkey && keyvalue && { keytype: subkey.enctype, keyvalue },
      seqNumber,
    },
    writeEncApRepPart,
  )
  const repCipher = encrypt(turn, sessionKey, KeyUsage.AP_REP_ENCPART, repPart)
  wipe(repPart)
  wipe(keyvalue)
  const key = subkey ?? sessionKey
  const privPart = encodeDer(
    {
      userData: writePasswordResult({ resultCode, resultString: encodeUtf8(text) }),
      timestamp: wholeSeconds(turn.now),
      usec: (turn.now.getTime() % 1000) * 1000,
      seqNumber,
      sAddress: NOWHERE,
    },
    writeEncKrbPrivPart,
  )
  const privCipher = encrypt(turn, key, KeyUsage.KRB_PRIV_ENCPART, privPart)
  return writePasswordReply({
    kind: 'reply',
    // RFC 3244 section 2: so it is in replies, whatever the request has.
    version: PasswordVersion.CHANGE,
    apRep: encodeDer({ encPart: { etype: sessionKey.enctype, cipher: repCipher } }, writeApRep),
    krbPriv: encodeDer({ encPart: { etype: key.enctype, cipher: privCipher } }, writeKrbPriv),
  })
}

/** A core does not know its address, and behind address translation no client could rely on it. */
const NOWHERE = { addrType: AddressType.IPV4, address: new Uint8Array(4) }
