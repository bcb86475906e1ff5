import type { SecretBytes } from '../../crypto/index.js'
import type { KdcQuery } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import {
  KdcOption,
  KerberosErrorCode,
  LastReqType,
  MessageType,
  NameType,
  PaDataType,
  TicketFlag,
} from '../constants.js'
import { perform, type Effectful } from '../effect-run.js'
import { KeyUsage, type KerberosKey } from '../enctypes/index.js'
import { strengthenReplyKey, type KdcRefusal } from '../fast/fast-reply.js'
import type { KdcClient } from '../kdc-client.js'
import {
  decodeDer,
  makeKdcReqBody,
  readChecksum,
  type EncKdcRepPart,
  type KdcRep,
  type KdcReqBody,
  type KrbError,
  type PaData,
} from '../messages/index.js'
import type { PreauthContext, PreauthRun } from '../preauth-method.js'
import { formatPrincipal, krbtgt, realmOfKrbtgt, samePrincipal, type Principal } from '../principals.js'
import { printable } from '../printable.js'
import type { ServiceTicket } from '../service-ticket.js'
import { clockOffsetMs, LAST_TIME_MS } from '../timestamps.js'
import { AsArmor, type ArmorSource } from './as-armor.js'
import { ClientKeys, readKeyHints, type KeyHint } from './client-keys.js'
import { acceptReply, decryptReply, readKdcAnswer, withReplyPart } from './kdc-answer.js'
import { kdcFailure, refused } from './kdc-errors.js'
import { beginPreauth } from './preauth.js'

/** What initial ticket is wanted. */
export interface InitialTicketRequest extends KdcClient {
  /** Whose service. Default: the ticket-granting service of the client's realm. */
  readonly service?: Principal['name'] | undefined
  /** For how long, in seconds. Default: `ticketLifetimeSeconds` of the settings. */
  readonly lifetimeSeconds?: number | undefined
  /** Where armour for FAST comes from, unless the settings have it as `fast: 'never'`. Default: nowhere. */
  readonly armor?: ArmorSource | undefined
  /**
   * From when on, for a postdated ticket, which is to be validated when its time has come (`validateTgt`); by the KDC's
   * clock. Default: at once.
   */
  readonly startTime?: Date | undefined
}

/** An initial ticket. Its session key is the caller's. */
export interface InitialTicket {
  readonly ticket: ServiceTicket
  /** When the password expires, where the KDC says so. */
  readonly passwordExpires: Date | undefined
}

/** How often a KDC may want something more. */
const MOST_ROUNDS = 16

/**
 * The AS exchange, RFC 4120 section 3.1: a ticket for a password or key. The first request has no pre-authentication in it;
 * what the KDC wants it says in its refusal. It does not look into the store and puts nothing there.
 *
 * @throws {@link SspiError} as the table of KRB-ERRORs says: `SEC_E_LOGON_DENIED` for a wrong or expired password, an account
 *   that there is not or that is disabled; `SEC_E_TIME_SKEW`, `SEC_E_KDC_UNKNOWN_ETYPE`, `SEC_E_UNSUPPORTED_PREAUTH`;
 *   `SEC_E_MESSAGE_ALTERED` and `SEC_E_INVALID_TOKEN` for replies that are refused; `SEC_E_MAX_REFERRALS_EXCEEDED`;
 *   `SEC_E_NO_CREDENTIALS` when the credential has tickets only.
 */
export function* obtainInitialTicket(request: InitialTicketRequest): Effectful<InitialTicket> {
  const exchange = new AsExchange(request)
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const sent = yield* exchange.makeRequest()
      const reply = yield* perform('kdc', exchange.query(sent))
      const answer = readKdcAnswer(reply, MessageType.KRB_AS_REP)
      if (answer.kind === 'reply') return yield* exchange.accept(answer.reply, sent)
      exchange.consider(answer.error, sent)
    }
    throw refused(exchange.realm, `it wants something more after ${MOST_ROUNDS} requests`)
  } finally {
    exchange.dispose()
  }
}

interface SentRequest {
  readonly body: KdcReqBody
  readonly bytes: Uint8Array
}

class AsExchange {
  readonly #request: InitialTicketRequest
  readonly #visited = new Set<string>()
  #client: Principal
  #keys: ClientKeys
  #offsetMs: number
  #clockLearned = false
  #methodData: readonly PaData[] = []
  #preauth: PreauthRun | undefined
  readonly #armor: AsArmor

  constructor(request: InitialTicketRequest) {
    const { outbound } = request.credential
    this.#request = request
    this.#client = outbound.principal
    this.#keys = new ClientKeys(outbound.keys, this.#client, request.settings)
    this.#offsetMs = outbound.store.timeOffsetMs
    this.#armor = new AsArmor(request, request.armor)
    this.#visited.add(this.realm)
    if (outbound.keys.kind === 'none') throw noKeys(this.#client)
  }

  get realm(): string {
    return this.#client.realm
  }

  *makeRequest(): Effectful<SentRequest> {
    yield* this.#armor.prepare(this.realm)
    const body = this.#makeBody()
    const padata: PaData[] = []
    if (this.#preauth !== undefined) padata.push(...(yield* this.#preauth.answer(this.#context(body))))
    // RFC 6113 section 5.2: the KDC keeps its state in the cookie.
    padata.push(...this.#methodData.filter(({ padataType }) => padataType === PaDataType.PA_FX_COOKIE))
    // RFC 6806 section 11: the reply shall prove that this request is the one that came.
    padata.push({ padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) })
    return { body, bytes: this.#armor.request(padata, body) }
  }

  /** The way of a request. */
  query({ body: { realm }, bytes: request }: SentRequest): KdcQuery {
    return { realm, service: 'kdc', request, proxy: this.#request.credential.kdcProxy }
  }

  /** Learns from an error what the next request needs. @throws `SspiError` when there is nothing more to try. */
  consider(answer: KrbError, sent: SentRequest): void {
    const refusal = this.#armor.openError(answer, sent.body)
    const { error, armored } = refusal
    // What comes without the armour is at most a reason to set the clock: nobody has signed what it asks for.
    if (this.#armor.key !== undefined && !armored && error.errorCode !== KerberosErrorCode.KRB_AP_ERR_SKEW) {
      throw this.#unarmored(error)
    }
    switch (error.errorCode) {
      case KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED:
        return this.#choosePreauth(refusal)
      case KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED:
        if (this.#preauth?.hasRounds !== true) throw this.#failure(error)
        this.#methodData = refusal.methodData
        return
      case KerberosErrorCode.KRB_AP_ERR_SKEW:
        return this.#learnClock(error)
      case KerberosErrorCode.KDC_ERR_WRONG_REALM:
        return this.#follow(error)
      default:
        throw this.#failure(error)
    }
  }

  *accept(outer: KdcRep, sent: SentRequest): Effectful<InitialTicket> {
    const { settings } = this.#request
    const { encPart } = outer
    if (!settings.tktEnctypes.includes(encPart.etype)) {
      throw refused(this.realm, `it is encrypted by encryption type ${encPart.etype}, which was not asked for`)
    }
    const { reply, strengthenKey } = this.#armor.openReply(outer, sent.body)
    let stronger: KerberosKey | undefined
    try {
      const key = yield* this.#replyKey(reply, sent.body)
      if (strengthenKey !== undefined) stronger = strengthenReplyKey(strengthenKey, key)
      return this.#acceptUnder(stronger ?? key, reply, sent)
    } finally {
      strengthenKey?.dispose()
      stronger?.dispose()
    }
  }

  dispose(): void {
    this.#keys.dispose()
    this.#preauth?.dispose()
    this.#armor.dispose()
  }

  #acceptUnder(key: KerberosKey, reply: KdcRep, { body, bytes }: SentRequest): InitialTicket {
    const { settings, world } = this.#request
    return withReplyPart(this.#open(reply, key), key, (part) => {
      checkRequestSeen(part, key, bytes, this.realm)
      this.#armor.checkOffer(part, this.realm, this.#methodData.length > 0)
      const mayRename = this.#mayRename
      const ticket = acceptReply(reply, part, {
        realm: this.realm,
        body,
        client: mayRename ? undefined : this.#client,
        judgeServer: (server) => this.#judgeServer(server, mayRename ? reply.crealm : this.realm),
        enctypes: settings.tktEnctypes,
        settings,
        now: world.now(),
        offsetMs: this.#offsetMs,
        fresh: true,
      })
      return { ticket, passwordExpires: passwordExpiry(part) }
    })
  }

  get #mayRename(): boolean {
    return this.#request.settings.canonicalize || this.#client.name.nameType === NameType.NT_ENTERPRISE
  }

  get #service(): Principal {
    const { service } = this.#request
    return service === undefined ? krbtgt(this.realm) : { realm: this.realm, name: service }
  }

  /** The KDC's clock, as far as we know. */
  #kdcNow(): number {
    return this.#request.world.now().getTime() + this.#offsetMs
  }

  #makeBody(): KdcReqBody {
    const { settings, world, startTime, lifetimeSeconds = settings.ticketLifetimeSeconds } = this.#request
    const start = startTime?.getTime() ?? this.#kdcNow()
    // RENEWABLE_OK: a lifetime that the KDC cuts short may become a renewable one, up to `till`.
    let kdcOptions: number = KdcOption.RENEWABLE_OK
    if (settings.forwardable) kdcOptions |= KdcOption.FORWARDABLE
    if (settings.proxiable) kdcOptions |= KdcOption.PROXIABLE
    if (this.#mayRename) kdcOptions |= KdcOption.CANONICALIZE
    // RFC 4120 section 3.1.1: POSTDATED for this ticket, ALLOW_POSTDATE so that it may beget others.
    if (startTime !== undefined) kdcOptions |= KdcOption.ALLOW_POSTDATE | KdcOption.POSTDATED
    const renewable = settings.renewLifetimeSeconds > 0
    if (renewable) kdcOptions |= KdcOption.RENEWABLE
    const till = inSeconds(start, lifetimeSeconds)
    return makeKdcReqBody({
      kdcOptions: kdcOptions >>> 0,
      cname: this.#client.name,
      realm: this.realm,
      sname: this.#service.name,
      from: startTime === undefined ? undefined : inSeconds(start, 0),
      till,
      rtime: renewable ? inSeconds(start, Math.max(settings.renewLifetimeSeconds, lifetimeSeconds)) : undefined,
      nonce: nonceOf(world.random(4)),
      // Those that there is a key of first: the KDC takes the first that it has one of, too.
      etype: [...settings.tktEnctypes].sort((a, b) => Number(this.#keys.has(b)) - Number(this.#keys.has(a))),
    })
  }

  #context(body: KdcReqBody): PreauthContext {
    const { settings, world, credential } = this.#request
    return {
      methodData: this.#methodData,
      body,
      realmOptions: settings.realms.get(this.realm) ?? {},
      armorKey: this.#armor.key,
      key: () => this.#keys.find(this.#hint()),
      timestamp: () => credential.timestamps.next(world.now(), this.#offsetMs),
      random: (length) => world.random(length),
    }
  }

  /** The first of the KDC's encryption types that we may use and have a key of. */
  #hint(): KeyHint {
    const { tktEnctypes } = this.#request.settings
    const hints = readKeyHints(this.#methodData)
    const hint = hints.find(({ enctype }) => tktEnctypes.includes(enctype) && this.#keys.has(enctype))
    if (hint !== undefined) return hint
    const [enctype] = tktEnctypes.filter((own) => this.#keys.has(own))
    if (hints.length === 0 && enctype !== undefined) return { enctype }
    throw new SspiError(
      'SEC_E_KDC_UNKNOWN_ETYPE',
      `KDC of ${this.realm}: ${formatPrincipal(this.#client)} has keys of encryption types ` +
        `${hints.map((offered) => offered.enctype).join(', ')} there, none of which may be used or is in the keytab`,
    )
  }

  #choosePreauth({ error, methodData }: KdcRefusal): void {
    // Asked again although it was done: the KDC does not take what we can do.
    if (this.#preauth !== undefined) throw this.#failure(error)
    if (this.#armor.takesOffer(methodData)) return
    const { settings } = this.#request
    this.#methodData = methodData
    this.#preauth = beginPreauth(settings, {
      realm: this.realm,
      realmOptions: settings.realms.get(this.realm) ?? {},
      armored: this.#armor.key !== undefined,
      offered: methodData,
    })
    if (this.#preauth !== undefined) return
    const failure = this.#failure(error)
    const offered = this.#methodData.map(({ padataType }) => nameOfPaData(padataType)).join(', ')
    throw new SspiError(
      failure.code,
      `${failure.message} (it offers ${offered === '' ? 'nothing' : offered}), ` +
        'or the account has no key of an encryption type that may be used',
      { cause: failure.cause },
    )
  }

  /**
   * An error is not signed: whoever can send one chooses the time that we encrypt next, and may keep that for later. MIT's
   * clients do the same; `kdcTimesync: false` does not.
   */
  #learnClock(error: KrbError): void {
    const { settings, world } = this.#request
    const offsetMs = clockOffsetMs(error, world.now().getTime())
    if (this.#clockLearned || !settings.kdcTimesync || offsetMs === undefined) throw this.#failure(error)
    this.#clockLearned = true
    this.#offsetMs = offsetMs
    this.#armor.renew()
  }

  /** RFC 6806 section 7: the client is in another realm. */
  #follow(error: KrbError): void {
    const { crealm } = error
    // Nobody has signed the name, and it is told in errors from here on.
    const isName = crealm !== undefined && crealm !== '' && printable(crealm) === crealm
    if (!this.#mayRename || !isName) throw this.#failure(error)
    if (this.#visited.has(crealm) || this.#visited.size > this.#request.settings.maxReferrals) {
      const way = [...this.#visited, crealm].join(' to ')
      throw new SspiError('SEC_E_MAX_REFERRALS_EXCEEDED', `${formatPrincipal(this.#client)}: referred from ${way}`)
    }
    this.#visited.add(crealm)
    this.#preauth?.dispose()
    this.#preauth = undefined
    this.#methodData = []
    this.#armor.restart()
    this.#client = { realm: crealm, name: this.#client.name }
    this.#keys.dispose()
    this.#keys = new ClientKeys(this.#request.credential.outbound.keys, this.#client, this.#request.settings)
  }

  *#replyKey(reply: KdcRep, body: KdcReqBody): Effectful<KerberosKey> {
    const { encPart, padata = [] } = reply
    if (this.#preauth?.replyKey !== undefined) return yield* this.#preauth.replyKey(reply, this.#context(body))
    // The reply's own hint counts, RFC 4120 section 3.1.3; a KDC that wanted pre-authentication may leave it out there.
    const hint = [...readKeyHints(padata), ...readKeyHints(this.#methodData)].find(
      ({ enctype }) => enctype === encPart.etype,
    )
    return yield* this.#keys.find(hint ?? { enctype: encPart.etype }, encPart.kvno)
  }

  #open(reply: KdcRep, key: KerberosKey): SecretBytes {
    try {
      return decryptReply(reply, key, [KeyUsage.AS_REP_ENCPART])
    } catch (cause) {
      // Without pre-authentication this is the first that a wrong password shows in.
      throw new SspiError(
        'SEC_E_LOGON_DENIED',
        `KDC of ${this.realm}: the reply for ${formatPrincipal(this.#client)} does not open: ` +
          'the password (or key) is wrong, or somebody has altered the reply',
        { cause },
      )
    }
  }

  #judgeServer(server: Principal, clientRealm: string): string | undefined {
    if (samePrincipal(server, this.#service)) return undefined
    // With canonicalisation the realm may have another spelling, in its ticket-granting service as well.
    const isTgs = this.#request.service === undefined && realmOfKrbtgt(server.name) === server.realm
    if (this.#mayRename && isTgs && server.realm === clientRealm) return undefined
    return `it is for ${formatPrincipal(server)}, ${formatPrincipal(this.#service)} was asked for`
  }

  #unarmored(error: KrbError): SspiError {
    const failure = this.#failure(error)
    return new SspiError(
      failure.code,
      `${failure.message} (it came without the armour that the request had: the KDC does not take FAST, or this armour)`,
      { cause: failure.cause },
    )
  }

  #failure(error: KrbError): SspiError {
    return kdcFailure(error, { realm: this.realm, client: this.#client, server: this.#service })
  }
}

/**
 * RFC 6806 section 11: a KDC that says ENC_PA_REP has put a checksum of the request as it came into the reply, so that what
 * somebody changed on the way shows.
 */
export function checkRequestSeen(part: EncKdcRepPart, key: KerberosKey, request: Uint8Array, realm: string): void {
  if ((part.flags & TicketFlag.ENC_PA_REP) === 0) return
  const seen = part.encryptedPaData?.find(({ padataType }) => padataType === PaDataType.PA_REQ_ENC_PA_REP)
  if (seen === undefined) throw refused(realm, 'it has no checksum of the request, though it says so')
  try {
    const { cksumtype, checksum } = decodeDer(seen.padataValue, readChecksum)
    key.verifyChecksum(KeyUsage.AS_REQ, request, checksum, cksumtype)
  } catch (cause) {
    throw refused(realm, 'the request was changed on its way to the KDC', cause)
  }
}

/** A nonce of 31 bits: some take it for a signed number. */
export function nonceOf(random: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = random
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}

/** A time in whole seconds, as the messages have it; the last that they have room for, instead of a later one. */
export function inSeconds(nowMs: number, seconds: number): Date {
  return new Date(Math.min(Math.floor(nowMs / 1000 + seconds) * 1000, LAST_TIME_MS))
}

function nameOfPaData(type: number): string {
  return Object.entries(PaDataType).find(([, number]) => number === type)?.[0] ?? `kind ${type}`
}

/** RFC 4120 section 5.4.2: `key-expiration` is the earlier of two times, `last-req` 6 is the password's. */
function passwordExpiry(part: EncKdcRepPart): Date | undefined {
  const entry = part.lastReq.find(({ lrType }) => Math.abs(lrType) === LastReqType.PASSWORD_EXPIRES)
  return entry?.lrValue ?? part.keyExpiration
}

function noKeys(client: Principal): SspiError {
  return new SspiError(
    'SEC_E_NO_CREDENTIALS',
    `Kerberos: there are tickets only of ${formatPrincipal(client)}, and none to get others with; log on again (kinit)`,
  )
}
