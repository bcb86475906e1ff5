import { SEC_E_OK, type SecurityStatus } from '../../status/index.js'
import { AuthIdentityFunctions } from '../auth-identity/identity-functions.js'
import type { AcceptSecurityContextOptions, ContextStep, InitializeSecurityContextOptions } from '../context-calls.js'
import type { AcquireCredentialsOptions, AcquiredCredentials } from '../credentials.js'
import type { CredHandle, CtxtHandle } from '../handles.js'
import { ok, SspiAsyncContext, type SspiAsyncNotifyCallback } from './async-context.js'

/**
 * The functions of `sspi.h` with `Async` in their names, which Windows has for its kernel: the same calls, followed by an
 * `SspiAsyncContext`. Whoever awaits the promises of the calls themselves needs none of them.
 */
export abstract class AsyncFunctions extends AuthIdentityFunctions {
  /** Gets a credential. Described at `SecurityFunctionTable`. */
  abstract acquireCredentialsHandle(options: AcquireCredentialsOptions): Promise<AcquiredCredentials>
  /** One step of the client's side. Described at `SecurityFunctionTable`. */
  abstract initializeSecurityContext(options: InitializeSecurityContextOptions): Promise<ContextStep>
  /** One step of the server's side. Described at `SecurityFunctionTable`. */
  abstract acceptSecurityContext(options: AcceptSecurityContextOptions): Promise<ContextStep>
  /** Frees a credential. Described at `SecurityFunctionTable`. */
  abstract freeCredentialsHandle(credential: CredHandle): void
  /** Ends a context. Described at `SecurityFunctionTable`. */
  abstract deleteSecurityContext(context: CtxtHandle): void

  /** SspiCreateAsyncContext: what follows one call; to be freed by `sspiFreeAsyncContext`. */
  sspiCreateAsyncContext(): SspiAsyncContext {
    return new SspiAsyncContext()
  }

  /** SspiReinitAsyncContext: makes it good for another call, with the same callback. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` while its call is under way. */
  sspiReinitAsyncContext(asyncContext: SspiAsyncContext): typeof SEC_E_OK {
    asyncContext.reinit()
    return SEC_E_OK
  }

  /** SspiFreeAsyncContext. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` while its call is under way. */
  sspiFreeAsyncContext(asyncContext: SspiAsyncContext): void {
    asyncContext.free()
  }

  /**
   * SspiGetAsyncCallStatus: `SEC_I_ASYNC_CALL_PENDING` until the call is complete, then its status: that of the step, of the error, or
   * `SEC_E_OK`. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` before there was a call.
   */
  sspiGetAsyncCallStatus(asyncContext: SspiAsyncContext): SecurityStatus {
    return asyncContext.status
  }

  /** SspiSetAsyncNotifyCallback: whom to tell when the call is complete; left out: nobody. What it throws is an unhandled rejection. */
  sspiSetAsyncNotifyCallback(
    asyncContext: SspiAsyncContext,
    callback: SspiAsyncNotifyCallback | undefined,
    callbackData?: unknown,
  ): typeof SEC_E_OK {
    asyncContext.setCallback(callback, callbackData)
    return SEC_E_OK
  }

  /** SspiAsyncContextRequiresNotify: whether somebody is to be told. */
  sspiAsyncContextRequiresNotify(asyncContext: SspiAsyncContext): boolean {
    return asyncContext.requiresNotify
  }

  /** SspiAcquireCredentialsHandleAsync: `acquireCredentialsHandle`, followed by a context. */
  sspiAcquireCredentialsHandleAsync(
    asyncContext: SspiAsyncContext,
    options: AcquireCredentialsOptions,
  ): Promise<AcquiredCredentials> {
    return asyncContext.begin(() => this.acquireCredentialsHandle(options), ok)
  }

  /** SspiInitializeSecurityContextAsync: `initializeSecurityContext`, followed by a context. */
  sspiInitializeSecurityContextAsync(
    asyncContext: SspiAsyncContext,
    options: InitializeSecurityContextOptions,
  ): Promise<ContextStep> {
    return asyncContext.begin(() => this.initializeSecurityContext(options), statusOfStep)
  }

  /** SspiAcceptSecurityContextAsync: `acceptSecurityContext`, followed by a context. */
  sspiAcceptSecurityContextAsync(
    asyncContext: SspiAsyncContext,
    options: AcceptSecurityContextOptions,
  ): Promise<ContextStep> {
    return asyncContext.begin(() => this.acceptSecurityContext(options), statusOfStep)
  }

  /** SspiFreeCredentialsHandleAsync: `freeCredentialsHandle`, followed by a context. */
  sspiFreeCredentialsHandleAsync(asyncContext: SspiAsyncContext, credential: CredHandle): Promise<void> {
    return asyncContext.begin(() => later(() => this.freeCredentialsHandle(credential)), ok)
  }

  /** SspiDeleteSecurityContextAsync: `deleteSecurityContext`, followed by a context. */
  sspiDeleteSecurityContextAsync(asyncContext: SspiAsyncContext, context: CtxtHandle): Promise<void> {
    return asyncContext.begin(() => later(() => this.deleteSecurityContext(context)), ok)
  }
}

function statusOfStep({ status }: ContextStep): SecurityStatus {
  return status
}

/** A call that does not wait, as one that does. */
function later(run: () => void): Promise<void> {
  return Promise.resolve().then(run)
}
