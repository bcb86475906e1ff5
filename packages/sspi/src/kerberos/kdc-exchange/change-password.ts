import { bytesEqual, decodeUtf8, encodeUtf8, Reader } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import type { PasswordPolicy } from '../../sspi/index.js'
import { SspiError, type FailureName } from '../../status/index.js'
import { AddressType, NameType, PasswordResultCode } from '../constants.js'
import { perform, type Effectful } from '../effect-run.js'
import { KerberosKey, KeyUsage } from '../enctypes/index.js'
import type { KdcClient } from '../kdc-client.js'
import {
  decodeDer,
  encodeDer,
  PasswordVersion,
  readApRep,
  readEncApRepPart,
  readEncKrbPrivPart,
  readKrbError,
  readKrbPriv,
  readPasswordReply,
  readPasswordResult,
  writeApReq,
  writeAuthenticator,
  writeEncKrbPrivPart,
  writeKrbPriv,
  writePasswordRequest,
  type PasswordReply,
  type PrincipalName,
} from '../messages/index.js'
import { formatPrincipal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { armorSource } from '../tickets.js'
import type { Timestamp } from '../timestamps.js'
import { nonceOf, obtainInitialTicket } from './as-exchange.js'
import { kdcFailure } from './kdc-errors.js'

/** The service that changes passwords, RFC 3244 section 1. */
export const CHANGE_PASSWORD_SERVICE: PrincipalName = {
  nameType: NameType.NT_SRV_INST,
  nameString: ['kadmin', 'changepw'],
}

/** Why a server did not change a password, as the `cause` of the `SspiError` that it became. */
export class PasswordChangeError extends Error {
  override readonly name = 'PasswordChangeError'
  /** See `PasswordResultCode`. */
  readonly resultCode: number
  /** What the password has to be like, where the server says it. */
  readonly policy: PasswordPolicy | undefined

  constructor(resultCode: number, message: string, policy: PasswordPolicy | undefined) {
    super(message)
    this.resultCode = resultCode
    this.policy = policy
  }
}

/** The ticket is for one request: five minutes, as everybody asks for. */
const LIFETIME_SECONDS = 300

/**
 * Changes the client's password: RFC 3244. The old one is the credential's; it may have expired.
 *
 * @param newPassword - Sent in UTF-8.
 * @throws {@link SspiError} as `obtainInitialTicket` for the old password; `SEC_E_LOGON_DENIED` when the new one is against the
 *   policy or the client may not change it; the message has what the server says, the `cause` is a
 *   {@link PasswordChangeError}. `SEC_E_MESSAGE_ALTERED` for replies that are
 *   not the server's.
 */
export function* changePassword(client: KdcClient, newPassword: string): Effectful<void> {
  const { ticket } = yield* obtainInitialTicket({
    ...client,
    service: CHANGE_PASSWORD_SERVICE,
    lifetimeSeconds: LIFETIME_SECONDS,
    armor: armorSource(client),
  })
  const exchange = new PasswordExchange(client, ticket)
  try {
    const { realm } = ticket.server
    const proxy = client.credential.kdcProxy
    const request = exchange.request(newPassword)
    const reply = yield* perform('kdc', { realm, service: 'kpasswd', request, proxy })
    exchange.accept(readPasswordReply(reply))
  } finally {
    exchange.dispose()
    ticket.sessionKey.dispose()
  }
}

class PasswordExchange {
  readonly #client: KdcClient
  readonly #ticket: ServiceTicket
  readonly #subkey: KerberosKey
  readonly #seqNumber: number
  readonly #time: Timestamp
  /** What was encrypted under the subkey. */
  #sent: Uint8Array | undefined

  constructor(client: KdcClient, ticket: ServiceTicket) {
    const { world, credential } = client
    this.#client = client
    this.#ticket = ticket
    this.#subkey = KerberosKey.generate(ticket.sessionKey.enctype, (length) => world.random(length))
    this.#seqNumber = nonceOf(world.random(4))
    this.#time = credential.timestamps.next(world.now(), ticket.kdcTimeOffsetMs)
  }

  request(newPassword: string): Uint8Array {
    const password = encodeUtf8(newPassword)
    try {
      return writePasswordRequest({
        version: PasswordVersion.CHANGE,
        apReq: this.#apReq(),
        krbPriv: this.#krbPriv(password),
      })
    } finally {
      wipe(password)
    }
  }

  accept(reply: PasswordReply): void {
    const { client, server } = this.#ticket
    if (reply.kind === 'error') {
      const error = decodeDer(reply.krbError, readKrbError)
      // The result is in e-data, unsigned, when the server could not get as far as protecting it.
      if (error.eData !== undefined && error.eData.length >= 2) throw this.#failure(error.eData)
      throw kdcFailure(error, { realm: server.realm, client, server })
    }
    const userData = this.#open(reply)
    const { resultCode } = readPasswordResult(userData)
    if (resultCode !== PasswordResultCode.KRB5_KPASSWD_SUCCESS) throw this.#failure(userData)
  }

  dispose(): void {
    this.#subkey.dispose()
  }

  #apReq(): Uint8Array {
    const { ticket, client, sessionKey } = this.#ticket
    const keyvalue = this.#subkey.reveal()
    const authenticator = encodeDer(
      {
        crealm: client.realm,
        cname: client.name,
        cusec: this.#time.microseconds,
        ctime: this.#time.seconds,
        subkey: { keytype: this.#subkey.enctype, keyvalue },
        seqNumber: this.#seqNumber,
      },
      writeAuthenticator,
    )
    wipe(keyvalue)
    const cipher = this.#encrypt(sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, authenticator)
    // No MUTUAL_REQUIRED: RFC 3244 section 2 has the server answer with an AP-REP in any case.
    return encodeDer({ apOptions: 0, ticket, authenticator: { etype: sessionKey.enctype, cipher } }, writeApReq)
  }

  #krbPriv(userData: Uint8Array): Uint8Array {
    const part = encodeDer(
      {
        userData,
        timestamp: this.#time.seconds,
        usec: this.#time.microseconds,
        seqNumber: this.#seqNumber,
        sAddress: SENDER,
      },
      writeEncKrbPrivPart,
    )
    const cipher = this.#encrypt(this.#subkey, KeyUsage.KRB_PRIV_ENCPART, part)
    this.#sent = cipher
    return encodeDer({ encPart: { etype: this.#subkey.enctype, cipher } }, writeKrbPriv)
  }

  #encrypt(key: KerberosKey, usage: number, plaintext: Uint8Array): Uint8Array {
    const cipher = key.encrypt(usage, plaintext, this.#client.world.random(key.profile.confounderBytes))
    wipe(plaintext)
    return cipher
  }

  /** The user data of a reply whose AP-REP and KRB-PRIV are the server's. */
  #open({ apRep, krbPriv }: Extract<PasswordReply, { readonly kind: 'reply' }>): Uint8Array {
    const key = this.#replyKey(decodeDer(apRep, readApRep).encPart.cipher)
    try {
      const { cipher } = decodeDer(krbPriv, readKrbPriv).encPart
      // Under the same key: sent back, the new password would pass for what the server says, and be in the error.
      if (this.#sent !== undefined && bytesEqual(cipher, this.#sent)) {
        throw new SspiError('SEC_E_MESSAGE_ALTERED', 'kpasswd: the KRB-PRIV is our own, sent back')
      }
      const plaintext = key.decrypt(KeyUsage.KRB_PRIV_ENCPART, cipher)
      try {
        return decodeDer(plaintext, readEncKrbPrivPart).userData.slice()
      } finally {
        wipe(plaintext)
      }
    } finally {
      if (key !== this.#subkey) key.dispose()
    }
  }

  /** A subkey of the server's takes the place of ours; MIT's repeats ours. */
  #replyKey(cipher: Uint8Array): KerberosKey {
    const plaintext = this.#ticket.sessionKey.decrypt(KeyUsage.AP_REP_ENCPART, cipher)
    try {
      const { ctime, cusec, subkey } = decodeDer(plaintext, readEncApRepPart)
      const { seconds, microseconds } = this.#time
      if (ctime.getTime() !== seconds.getTime() || cusec !== microseconds) {
        throw new SspiError('SEC_E_MESSAGE_ALTERED', 'kpasswd: the AP-REP answers another request')
      }
      if (subkey === undefined) return this.#subkey
      if (!this.#client.settings.permittedEnctypes.includes(subkey.keytype)) {
        throw new SspiError(
          'SEC_E_ALGORITHM_MISMATCH',
          `kpasswd: AP-REP: subkey: encryption type ${subkey.keytype} is not permitted here; the password may have been changed`,
        )
      }
      return new KerberosKey(subkey.keytype, subkey.keyvalue)
    } finally {
      wipe(plaintext)
    }
  }

  #failure(result: Uint8Array): SspiError {
    const { resultCode, resultString } = readPasswordResult(result)
    const [code, meaning] = RESULTS.get(resultCode) ?? ['SEC_E_LOGON_DENIED', `result ${resultCode}`]
    const policy = readPolicy(resultString)
    const said = policy === undefined ? wordsOf(resultString) : describePolicy(policy)
    const who = formatPrincipal(this.#ticket.client)
    const why = `${meaning}${said === '' ? '' : `: ${said}`}`
    return new SspiError(code, `kpasswd: the password of ${who} was not changed: ${why}`, {
      cause: new PasswordChangeError(resultCode, why, policy),
    })
  }
}

/** Where the request comes from. A core does not know, and no server can rely on it behind address translation. */
const SENDER = { addrType: AddressType.IPV4, address: new Uint8Array(4) }

const RESULTS: ReadonlyMap<number, readonly [FailureName, string]> = new Map<number, readonly [FailureName, string]>([
  [
    PasswordResultCode.KRB5_KPASSWD_MALFORMED,
    ['SEC_E_KDC_INVALID_REQUEST', 'the server does not understand the request'],
  ],
  [PasswordResultCode.KRB5_KPASSWD_HARDERROR, ['SEC_E_INTERNAL_ERROR', 'the server has failed']],
  [PasswordResultCode.KRB5_KPASSWD_AUTHERROR, ['SEC_E_LOGON_DENIED', 'the server does not take the ticket']],
  [PasswordResultCode.KRB5_KPASSWD_SOFTERROR, ['SEC_E_LOGON_DENIED', 'the new password is against the policy']],
  [PasswordResultCode.KRB5_KPASSWD_ACCESSDENIED, ['SEC_E_LOGON_DENIED', 'the client may not change it']],
  [PasswordResultCode.KRB5_KPASSWD_BAD_VERSION, ['SEC_E_KDC_INVALID_REQUEST', 'the server speaks another version']],
  [PasswordResultCode.KRB5_KPASSWD_INITIAL_FLAG_NEEDED, ['SEC_E_LOGON_DENIED', 'the ticket is not an initial one']],
])

/**
 * Windows' policy, in the place of a text: two zero bytes, then minimum length, history, properties (4 bytes each), maximum
 * and minimum age (8 bytes each).
 */
function readPolicy(resultString: Uint8Array): PasswordPolicy | undefined {
  if (resultString.length !== WINDOWS_POLICY_BYTES) return undefined
  const reader = new Reader(resultString)
  if (reader.u16be('policy') !== 0) return undefined
  return {
    minimumLength: reader.u32be('policy: length'),
    historyLength: reader.u32be('policy: history'),
    properties: reader.u32be('policy: properties'),
    maximumAge: reader.u64be('policy: maximum age'),
    minimumAge: reader.u64be('policy: minimum age'),
  }
}

const WINDOWS_POLICY_BYTES = 30
/** DOMAIN_PASSWORD_COMPLEX. */
const COMPLEX = 1

function describePolicy({ minimumLength, historyLength, properties }: PasswordPolicy): string {
  const complex = (properties & COMPLEX) === 0 ? '' : ', of several kinds of characters'
  return `at least ${minimumLength} characters, none of the last ${historyLength} passwords${complex}`
}

function wordsOf(resultString: Uint8Array): string {
  try {
    return decodeUtf8(resultString, 'result string')
      .slice(0, 500)
      .replace(/\p{Cc}+/gu, ' ')
  } catch {
    return ''
  }
}
