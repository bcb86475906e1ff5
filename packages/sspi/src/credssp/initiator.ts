import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DELEGATE,
  ISC_REQ_EXTENDED_ERROR,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_RET_DELEGATE,
  ISC_RET_MUTUAL_AUTH,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SspiError,
  type Exchange,
  type InitiateRequest,
  type Step,
  type World,
} from '../sspi/index.js'
import { wipe } from '../crypto/index.js'
import { CLIENT_NONCE_LENGTH, CredType, FIRST_VERSION_WITH_NONCE, OWN_VERSION } from './constants.js'
import type { CredSspCredential, Driven } from './credential.js'
import { checkServer, checkTarget } from './delegation-policy.js'
import { failureOf } from './error-codes.js'
import { behind, CredSspExchange, negoTokenOf, type Negotiated } from './exchange.js'
import { writeTsCredentials, type TsRequest } from './messages/index.js'
import type { CredSspSettings } from './options.js'
import { bindPublicKey, checkPublicKey } from './public-key-binding.js'
import { sealMessage, unsealMessage } from './sealed-message.js'
import { CredSspSession } from './session.js'
import { subjectPublicKey } from './subject-public-key.js'

/** What Negotiate is asked for: messages are encrypted by it, and the server should prove itself. */
const NEGOTIATE_REQ =
  ISC_REQ_MUTUAL_AUTH |
  ISC_REQ_CONFIDENTIALITY |
  ISC_REQ_INTEGRITY |
  ISC_REQ_REPLAY_DETECT |
  ISC_REQ_SEQUENCE_DETECT |
  ISC_REQ_EXTENDED_ERROR

/** What Schannel is asked for, beside what the caller says of the messages to come. */
const TLS_REQ = ISC_REQ_CONFIDENTIALITY | ISC_REQ_EXTENDED_ERROR | ISC_REQ_MUTUAL_AUTH

const EMPTY: Uint8Array = new Uint8Array(0)
const NOTHING = { domainName: '', userName: '', password: '' }

/** The client: MS-CSSP 3.1.5 steps 1 to 5. */
export class CredSspInitiator extends CredSspExchange {
  /** Nothing is achieved before all of it is. */
  readonly contextAttr = 0
  readonly #request: InitiateRequest<CredSspCredential>
  readonly #settings: CredSspSettings
  readonly #nonce: Uint8Array
  /** The handshake's last token, which goes with the first TSRequest. */
  #handshakeToken = EMPTY
  #bound = false

  /** @throws {@link SspiError} `SEC_E_DELEGATION_POLICY` when delegation is wanted where it is not allowed, before anything is sent. */
  constructor(request: InitiateRequest<CredSspCredential>, settings: CredSspSettings, world: World) {
    const { credential, targetName, contextReq } = request
    if ((contextReq & ISC_REQ_DELEGATE) !== 0) {
      checkTarget(settings.delegation, credential.origin, targetName)
      if (credential.password === undefined) {
        throw new SspiError(
          'SEC_E_UNKNOWN_CREDENTIALS',
          'CredSSP: nothing but a password can be delegated; give passwordCredential()',
        )
      }
    }
    const handedOn = contextReq & (ISC_REQ_INTEGRITY | ISC_REQ_MANUAL_CRED_VALIDATION)
    const tls = initiateBy(credential.tls, request, TLS_REQ | handedOn, world)
    super(tls, initiateBy(credential.negotiate, request, NEGOTIATE_REQ, world), credential.negotiate)
    this.#request = request
    this.#settings = settings
    this.#nonce = world.random(CLIENT_NONCE_LENGTH)
  }

  protected get minimumVersion(): number {
    return this.#settings.minimumVersion
  }

  protected channelStands(token: Uint8Array): Step {
    // What comes behind the server's last token, session tickets, is the caller's to bring with the next one.
    this.#handshakeToken = token
    return this.stepNegotiate(undefined)
  }

  protected negotiated({ token, session }: Negotiated): Step {
    const first = this.#handshakeToken
    this.#handshakeToken = EMPTY
    const negoTokens = token === undefined ? [] : [token]
    const pubKeyAuth =
      session === undefined ? undefined : sealMessage(session, bindPublicKey('client-to-server', this.#binding))
    const request = { version: OWN_VERSION, negoTokens, pubKeyAuth, clientNonce: this.#nonceOf(this.version) }
    return this.sent(behind(first, this.channel.send(request)))
  }

  protected receive(request: TsRequest): Step {
    if (request.errorCode !== undefined) throw failureOf(request.errorCode)
    const token = negoTokenOf(request)
    if (this.isNegotiated) {
      if (token !== undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'CredSSP: a negoToken, and Negotiate is done')
      return this.#receiveBinding(request)
    }
    if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: the negoToken is missing')
    return this.stepNegotiate(token)
  }

  protected refusal(error: SspiError): SspiError {
    return error
  }

  protected negotiateRefusal(error: SspiError): SspiError {
    const { token } = error
    if (token === undefined) return error
    return this.telling(error, this.#handshakeToken, { version: OWN_VERSION, negoTokens: [token] })
  }

  #receiveBinding({ pubKeyAuth }: TsRequest): Step {
    if (this.#bound || pubKeyAuth === undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'TSRequest: pubKeyAuth is missing')
    }
    checkPublicKey('server-to-client', this.#binding, unsealMessage(this.context, pubKeyAuth))
    this.#bound = true
    const delegated = this.#delegates()
    const tsCredentials = writeTsCredentials({
      credType: CredType.PASSWORD,
      credentials: delegated ? (this.#request.credential.password ?? NOTHING) : NOTHING,
    })
    const authInfo = sealMessage(this.context, tsCredentials)
    wipe(tsCredentials)
    const request = { version: OWN_VERSION, authInfo, clientNonce: this.#nonceOf(this.version) }
    return this.finish(this.channel.send(request), (tls, context) => {
      const own = delegated ? ISC_RET_DELEGATE : 0
      return new CredSspSession({ tls, context, side: 'initiator', own, delegated: undefined })
    })
  }

  /** Whether the password goes to the server. @throws {@link SspiError} `SEC_E_POLICY_NLTM_ONLY` when it was wanted and must not. */
  #delegates(): boolean {
    const { contextReq, credential, targetName } = this.#request
    if ((contextReq & ISC_REQ_DELEGATE) === 0) return false
    // Either the certificate was found good, and for this host, or a ticket says who the server is.
    const proven = [this.channel.session, this.context].some(
      ({ contextAttr }) => (contextAttr & ISC_RET_MUTUAL_AUTH) !== 0,
    )
    checkServer(this.#settings.delegation, credential.origin, targetName, proven)
    return true
  }

  get #binding() {
    const found = this.channel.session.query(SECPKG_ATTR_REMOTE_CERT_CONTEXT)
    if (found === undefined) throw new SspiError('SEC_E_CERT_UNKNOWN', 'CredSSP: the server has shown no certificate')
    return this.binding(subjectPublicKey(found.certificate), this.#nonce)
  }

  /** In each message from the first on, as Windows does; servers that speak an older version pass over it. */
  #nonceOf(version: number): Uint8Array | undefined {
    return version < FIRST_VERSION_WITH_NONCE ? undefined : this.#nonce
  }
}

function initiateBy(
  { package: of, credential }: Driven,
  { targetName, packages }: InitiateRequest<CredSspCredential>,
  contextReq: number,
  world: World,
): Exchange {
  if (of.initiate !== undefined) {
    return of.initiate({ credential, targetName, contextReq: contextReq >>> 0, packages }, world)
  }
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `CredSSP: ${of.info.name} cannot initiate`)
}
