import type { SEC_E_INCOMPLETE_MESSAGE, SEC_E_OK, SEC_I_CONTEXT_EXPIRED, SEC_I_RENEGOTIATE } from '../status/index.js'
import type { ContextAttribute, ContextAttributes } from './attributes.js'
import type { SecBufferDesc } from './buffer.js'
import type {
  AcceptSecurityContextOptions,
  ContextStep,
  ExportOptions,
  InitializeSecurityContextOptions,
} from './context-calls.js'
import type { AcquireCredentialsOptions, AcquiredCredentials } from './credentials.js'
import type { CtxtHandle } from './handles.js'
import type { AccessToken } from './identity.js'
import type { RunAsCaptured } from './impersonation.js'

/** Result of `decryptMessage`. */
export interface Decrypted {
  /**
   * `SEC_E_OK`; `SEC_E_INCOMPLETE_MESSAGE` when a record is not whole (a `SECBUFFER_MISSING` says what lacks, where
   * known); `SEC_I_CONTEXT_EXPIRED` when the peer has closed; `SEC_I_RENEGOTIATE` when the protocol has something to say to the
   * peer: the next step of the context (`initializeSecurityContext`, `acceptSecurityContext`) gives the token.
   */
  readonly status:
    typeof SEC_E_OK | typeof SEC_E_INCOMPLETE_MESSAGE | typeof SEC_I_CONTEXT_EXPIRED | typeof SEC_I_RENEGOTIATE
  /** The quality of protection: 0, or `SECQOP_WRAP_NO_ENCRYPT` when the message was only signed. */
  readonly qop: number
}

/** What the second level takes of the first: all that it stands on. Each call is described at `SecurityFunctionTable`. */
export interface LevelOne {
  /** Gets a credential. */
  acquireCredentialsHandle(options: AcquireCredentialsOptions): Promise<AcquiredCredentials>
  /** One step of the initiator. */
  initializeSecurityContext(options: InitializeSecurityContextOptions): Promise<ContextStep>
  /** One step of the acceptor. */
  acceptSecurityContext(options: AcceptSecurityContextOptions): Promise<ContextStep>
  /** Asks the next step for something besides the exchange. */
  applyControlToken(context: CtxtHandle, input: SecBufferDesc): void
  /** Asks a context. */
  queryContextAttributes<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A]
  /** Signs. */
  makeSignature(context: CtxtHandle, qop: number, message: SecBufferDesc): void
  /** Checks a signature; returns the quality of protection. */
  verifySignature(context: CtxtHandle, message: SecBufferDesc): number
  /** Encrypts and signs in place. */
  encryptMessage(context: CtxtHandle, qop: number, message: SecBufferDesc): void
  /** Checks and decrypts in place. */
  decryptMessage(context: CtxtHandle, message: SecBufferDesc): Decrypted
  /** Tells who the client is. */
  querySecurityContextToken(context: CtxtHandle): AccessToken
  /** Runs a function as the client. */
  impersonateSecurityContext<T>(context: CtxtHandle, fn: () => T): T
  /** Keeps who the caller acts as. */
  captureIdentity(): RunAsCaptured
  /** Takes a context out; it is ended here. */
  exportSecurityContext(context: CtxtHandle, options: ExportOptions): Uint8Array
}
