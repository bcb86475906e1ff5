import {
  ASC_REQ_DATAGRAM,
  ASC_REQ_MUTUAL_AUTH,
  ASC_REQ_SESSION_TICKET,
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_EXTENDED_ERROR,
  ASC_RET_INTEGRITY,
  ASC_RET_MUTUAL_AUTH,
  ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT,
  ASC_RET_SESSION_TICKET,
  ASC_RET_STREAM,
  SspiError,
  type AcceptRequest,
  type TlsConnection,
  type TlsResult,
  type TlsSetup,
} from '../sspi/index.js'
import { TLS_1_3 } from './constants.js'
import type { SchannelCredential } from './credential.js'
import type { Expectation, Refusal } from './judgement.js'
import type { Done, Role } from './role.js'

/** Whether asked for or not, as on Windows. */
const ALWAYS = ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY | ASC_RET_STREAM
/** Given to those who ask: the bits of request and result are the same. */
const ON_REQUEST = ASC_RET_INTEGRITY | ASC_RET_EXTENDED_ERROR
const CERTIFICATE_REQUIRED = 116
const HANDSHAKE_FAILURE = 40

/** The server's part. */
export class AcceptorRole implements Role {
  readonly side = 'acceptor'
  readonly setup: TlsSetup
  readonly wantsTickets = false
  readonly remembered = undefined
  readonly #request: AcceptRequest<SchannelCredential>

  /** @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for datagrams. */
  constructor(request: AcceptRequest<SchannelCredential>) {
    const { credential, contextReq } = request
    if ((contextReq & ASC_REQ_DATAGRAM) !== 0) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Schannel: DTLS is not spoken here')
    }
    this.#request = request
    const { requireClientCertificate } = credential.policy
    const wanted = (contextReq & ASC_REQ_MUTUAL_AUTH) !== 0 && credential.asksForCertificates
    this.setup = credential.setup('acceptor', requireClientCertificate || wanted)
  }

  get asksAccount(): boolean {
    return this.#request.credential.policy.mapToAccount
  }

  get sendsTickets(): boolean {
    const { credential, contextReq } = this.#request
    return credential.sessions !== undefined && (contextReq & ASC_REQ_SESSION_TICKET) !== 0
  }

  get promised(): number {
    return ALWAYS | (this.#request.contextReq & ON_REQUEST)
  }

  connection(applicationProtocols: readonly string[]): TlsConnection {
    return { serverName: undefined, applicationProtocols, session: undefined, keepSession: undefined }
  }

  expectation(now: Date): Expectation | undefined {
    const { manualValidation, fingerprints } = this.#request.credential.policy
    return manualValidation ? undefined : { side: 'acceptor', host: undefined, fingerprints, now }
  }

  refuse({ peer, result }: Done): Refusal | undefined {
    if (peer !== undefined || !this.#request.credential.policy.requireClientCertificate) return undefined
    return {
      code: 'SEC_E_NO_CREDENTIALS',
      message: 'the client has sent no certificate, and one is required',
      alert: result.version === TLS_1_3 ? CERTIFICATE_REQUIRED : HANDSHAKE_FAILURE,
    }
  }

  achieved(peerProved: boolean, ticketsSent: boolean): number {
    const { contextReq } = this.#request
    return (
      this.promised | (peerProved ? contextReq & ASC_RET_MUTUAL_AUTH : 0) | (ticketsSent ? ASC_RET_SESSION_TICKET : 0)
    )
  }

  serverName(result: TlsResult): string {
    return result.serverName ?? ''
  }

  settled(): void {
    // Sessions are in the tickets, which are the clients'.
  }

  dispose(): void {
    // Nothing is kept.
  }
}
