import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  ISC_REQ_DATAGRAM,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_EXTENDED_ERROR,
  ISC_RET_INTEGRITY,
  ISC_RET_MANUAL_CRED_VALIDATION,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  ISC_RET_STREAM,
  ISC_RET_USED_SUPPLIED_CREDS,
  SspiError,
  type InitiateRequest,
  type TlsConnection,
  type TlsPeer,
  type TlsSetup,
} from '../sspi/index.js'
import { TLS_1_2 } from './constants.js'
import type { SchannelCredential } from './credential.js'
import { hostOf, isAddress, type Expectation } from './judgement.js'
import type { Done, Role } from './role.js'
import type { CachedSession, SessionCache } from './session-cache.js'

/** Whether asked for or not, as on Windows. */
const ALWAYS = ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONFIDENTIALITY | ISC_RET_STREAM
/** Given to those who ask: the bits of request and result are the same. */
const ON_REQUEST =
  ISC_RET_INTEGRITY | ISC_RET_EXTENDED_ERROR | ISC_RET_USED_SUPPLIED_CREDS | ISC_RET_MANUAL_CRED_VALIDATION

/** The client's part. */
export class InitiatorRole implements Role {
  readonly side = 'initiator'
  readonly setup: TlsSetup
  readonly asksAccount = false
  readonly sendsTickets = false
  readonly #request: InitiateRequest<SchannelCredential>
  readonly #host: string
  readonly #manual: boolean
  readonly #sessions: SessionCache | undefined
  #sessionKey = ''
  /** The session that was offered. */
  #offered: CachedSession | undefined
  /** A new session, until both sides are content. */
  #pending: SecretBytes | undefined
  /** The server's certificates, once both sides are content. */
  #chain: readonly Uint8Array[] | undefined
  #disposed = false

  /** @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for datagrams. */
  constructor(request: InitiateRequest<SchannelCredential>) {
    const { credential, contextReq, targetName } = request
    if ((contextReq & ISC_REQ_DATAGRAM) !== 0) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Schannel: DTLS is not spoken here')
    }
    this.#request = request
    this.#host = hostOf(targetName)
    this.#manual = credential.policy.manualValidation || (contextReq & ISC_REQ_MANUAL_CRED_VALIDATION) !== 0
    this.setup = credential.setup('initiator', false)
    // A session may be gone on with only where its server was judged, and for the host that it was judged for.
    this.#sessions = this.#manual || this.#host === '' ? undefined : credential.sessions
  }

  get wantsTickets(): boolean {
    return this.#sessions !== undefined
  }

  get promised(): number {
    return (ALWAYS | (this.#request.contextReq & ON_REQUEST)) & ~ISC_RET_MANUAL_CRED_VALIDATION
  }

  connection(applicationProtocols: readonly string[]): TlsConnection {
    this.#sessionKey = JSON.stringify([this.#host, applicationProtocols])
    this.#offered = this.#sessions?.take(this.#sessionKey)
    return {
      serverName: this.#host === '' || isAddress(this.#host) ? undefined : this.#host,
      applicationProtocols,
      session: this.#offered?.session,
      keepSession: this.#sessions === undefined ? undefined : (session) => this.#keep(session),
    }
  }

  expectation(now: Date): Expectation | undefined {
    if (this.#manual) return undefined
    const { nameChecked, fingerprints } = this.#request.credential.policy
    return { side: 'initiator', host: nameChecked ? this.#host : undefined, fingerprints, now }
  }

  refuse(done: Done): undefined {
    if (done.peer !== undefined) return undefined
    throw new SspiError('SEC_E_CERT_UNKNOWN', 'Schannel: the server has shown no certificate')
  }

  achieved(peerProved: boolean): number {
    const { contextReq } = this.#request
    return (
      ALWAYS |
      (contextReq & (ISC_RET_INTEGRITY | ISC_RET_EXTENDED_ERROR | ISC_RET_USED_SUPPLIED_CREDS)) |
      (peerProved && this.#isNamed ? contextReq & ISC_RET_MUTUAL_AUTH : 0) |
      (this.#manual ? ISC_RET_MANUAL_CRED_VALIDATION : 0)
    )
  }

  /** Whether the certificate had to be that of one host, or a certain one: else it proves somebody, but not whom. */
  get #isNamed(): boolean {
    const { nameChecked, fingerprints } = this.#request.credential.policy
    return fingerprints !== undefined || (this.#host !== '' && nameChecked)
  }

  serverName(): string {
    return this.#host
  }

  get remembered(): TlsPeer | undefined {
    return this.#offered === undefined ? undefined : { chain: this.#offered.chain, verdict: undefined }
  }

  settled({ peer, result }: Done): void {
    this.#chain = peer?.chain
    // In TLS 1.2 the same session may go on again and again; no new one comes then.
    const again = result.resumed && result.version === TLS_1_2 ? this.#offered : undefined
    const session = this.#pending ?? (again === undefined ? undefined : secretFrom(again.session))
    this.#pending = undefined
    if (session !== undefined) this.#keep(session)
  }

  dispose(): void {
    this.#disposed = true
    wipe(this.#offered?.session)
    wipe(this.#pending)
    this.#offered = this.#pending = undefined
  }

  #keep(session: SecretBytes): void {
    const chain = this.#chain
    if (chain !== undefined && this.#sessions !== undefined) this.#sessions.put(this.#sessionKey, { session, chain })
    else if (this.#disposed) wipe(session)
    else {
      wipe(this.#pending)
      this.#pending = session
    }
  }
}
