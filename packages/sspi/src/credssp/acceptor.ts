import { secretFrom, wipe } from '../crypto/index.js'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_EXTENDED_ERROR,
  ASC_REQ_INTEGRITY,
  ASC_REQ_MUTUAL_AUTH,
  ASC_REQ_REPLAY_DETECT,
  ASC_REQ_SEQUENCE_DETECT,
  ASC_RET_DELEGATE,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SspiError,
  type AcceptRequest,
  type Exchange,
  type Step,
  type World,
} from '../sspi/index.js'
import { bytesEqual } from '../bytes/index.js'
import { CredType, OWN_VERSION, VERSIONS_WITH_ERROR_CODE } from './constants.js'
import type { CredSspCredential, Driven } from './credential.js'
import { errorCodeOf } from './error-codes.js'
import { behind, CredSspExchange, negoTokenOf, type Negotiated } from './exchange.js'
import { readTsCredentials, type TsRequest, type TsRequestFields } from './messages/index.js'
import type { CredSspSettings } from './options.js'
import { bindPublicKey, checkPublicKey } from './public-key-binding.js'
import { sealMessage, unsealMessage } from './sealed-message.js'
import { CredSspSession } from './session.js'
import { subjectPublicKey } from './subject-public-key.js'

const NEGOTIATE_REQ =
  ASC_REQ_MUTUAL_AUTH |
  ASC_REQ_CONFIDENTIALITY |
  ASC_REQ_INTEGRITY |
  ASC_REQ_REPLAY_DETECT |
  ASC_REQ_SEQUENCE_DETECT |
  ASC_REQ_EXTENDED_ERROR

const EMPTY: Uint8Array = new Uint8Array(0)

/** The server: MS-CSSP 3.1.5 steps 1 to 5. */
export class CredSspAcceptor extends CredSspExchange {
  /** Nothing is achieved before all of it is. */
  readonly contextAttr = 0
  readonly #settings: CredSspSettings
  /** Asked for or not: the server has proven itself by its certificate, the client by Negotiate. */
  readonly #mutual: number
  /** The handshake's last token, which goes before the first TSRequest. */
  #handshakeToken = EMPTY
  /** What came with the token that Negotiate is working on. */
  #pubKeyAuth: Uint8Array | undefined
  #clientNonce: Uint8Array | undefined
  #bound = false

  constructor(request: AcceptRequest<CredSspCredential>, settings: CredSspSettings, world: World) {
    const { tls, negotiate } = request.credential
    const integrity = request.contextReq & ASC_REQ_INTEGRITY
    const tlsExchange = acceptBy(tls, request, ASC_REQ_CONFIDENTIALITY | ASC_REQ_EXTENDED_ERROR | integrity, world)
    super(tlsExchange, acceptBy(negotiate, request, NEGOTIATE_REQ, world), negotiate)
    this.#settings = settings
    this.#mutual = request.contextReq & ASC_REQ_MUTUAL_AUTH
  }

  protected get minimumVersion(): number {
    return this.#settings.minimumVersion
  }

  protected channelStands(token: Uint8Array, rest: Uint8Array): Step {
    if (rest.length === 0 && token.length > 0) return this.sent(token)
    // With TLS 1.3 nothing more is owed: the client's TSRequest is there already, or more must come.
    this.#handshakeToken = token
    return this.receiveRest()
  }

  protected receive(request: TsRequest): Step {
    this.#keepNonce(request)
    const token = negoTokenOf(request)
    const { pubKeyAuth } = request
    if (this.#bound) return this.#receiveCredentials(request)
    if (this.isNegotiated) {
      if (token !== undefined || pubKeyAuth === undefined) {
        throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: Negotiate is done, pubKeyAuth is expected')
      }
      return this.#bind(pubKeyAuth, undefined)
    }
    if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: the negoToken is missing')
    this.#pubKeyAuth = pubKeyAuth?.slice()
    return this.stepNegotiate(token)
  }

  protected negotiated({ token, session }: Negotiated): Step {
    const pubKeyAuth = this.#pubKeyAuth
    this.#pubKeyAuth = undefined
    if (session === undefined && pubKeyAuth !== undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: pubKeyAuth before Negotiate is done')
    }
    if (pubKeyAuth !== undefined) return this.#bind(pubKeyAuth, token)
    if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: pubKeyAuth is missing')
    return this.#answer({ negoTokens: [token] })
  }

  protected refusal(error: SspiError): SspiError {
    // What TLS or Negotiate has to say is there already.
    if (error.token !== undefined) return error
    const errorCode = this.#errorCode(error)
    return errorCode === undefined ? error : this.#telling(error, { version: OWN_VERSION, errorCode })
  }

  protected negotiateRefusal(error: SspiError): SspiError {
    const { token } = error
    if (token === undefined) return error
    return this.#telling(error, { version: OWN_VERSION, negoTokens: [token], errorCode: this.#errorCode(error) })
  }

  #telling(error: SspiError, fields: TsRequestFields): SspiError {
    return this.telling(error, this.#handshakeToken, fields)
  }

  /** From version 3 on, but not in 5, the client is told by an NTSTATUS; never which of name and password was wrong. */
  #errorCode(error: SspiError): number | undefined {
    return VERSIONS_WITH_ERROR_CODE.includes(this.version) ? errorCodeOf(error) : undefined
  }

  #bind(pubKeyAuth: Uint8Array, token: Uint8Array | undefined): Step {
    const binding = this.#binding
    checkPublicKey('client-to-server', binding, unsealMessage(this.context, pubKeyAuth))
    this.#bound = true
    const answer = sealMessage(this.context, bindPublicKey('server-to-client', binding))
    return this.#answer({ negoTokens: token === undefined ? [] : [token], pubKeyAuth: answer })
  }

  #answer(fields: { readonly negoTokens: readonly Uint8Array[]; readonly pubKeyAuth?: Uint8Array }): Step {
    const first = this.#handshakeToken
    this.#handshakeToken = EMPTY
    return this.sent(behind(first, this.channel.send({ version: OWN_VERSION, ...fields })))
  }

  #receiveCredentials({ authInfo, errorCode }: TsRequest): Step {
    if (authInfo === undefined) {
      const why = errorCode === undefined ? '' : `: the client says 0x${errorCode.toString(16)}`
      throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: authInfo is missing${why}`)
    }
    const plain = unsealMessage(this.context, authInfo)
    try {
      const value = readTsCredentials(plain)
      // Three empty strings are restricted admin mode: the client has authenticated, and keeps its password.
      const nothing = value.credType === CredType.PASSWORD && Object.values(value.credentials).join('') === ''
      const delegated = nothing ? undefined : secretFrom(plain)
      return this.finish(undefined, (tls, context) => {
        const own = this.#mutual | (nothing ? 0 : ASC_RET_DELEGATE)
        return new CredSspSession({ tls, context, side: 'acceptor', own, delegated })
      })
    } finally {
      wipe(plain)
    }
  }

  #keepNonce({ clientNonce }: TsRequest): void {
    if (clientNonce === undefined) return
    if (this.#clientNonce !== undefined && !bytesEqual(this.#clientNonce, clientNonce)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: another clientNonce than in the message before')
    }
    this.#clientNonce = clientNonce.slice()
  }

  get #binding() {
    const found = this.channel.session.query(SECPKG_ATTR_LOCAL_CERT_CONTEXT)
    if (found === undefined) {
      throw new SspiError(
        'SEC_E_NO_CREDENTIALS',
        'CredSSP: the certificate of the channel is not known; give it as PEM or DER',
      )
    }
    return this.binding(subjectPublicKey(found.certificate), this.#clientNonce)
  }
}

function acceptBy(
  { package: of, credential }: Driven,
  { packages }: AcceptRequest<CredSspCredential>,
  contextReq: number,
  world: World,
): Exchange {
  if (of.accept !== undefined) return of.accept({ credential, contextReq, packages }, world)
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `CredSSP: ${of.info.name} cannot accept`)
}
