/** Ends what a handle stands for; given to it by the interface that made it. */
type End = () => void

/**
 * A credential, as `acquireCredentialsHandle` returns it. Opaque: only the interface that made it knows it. Disposing
 * it frees the credential, as `freeCredentialsHandle` does; freeing twice through disposal is harmless.
 */
export class CredHandle implements Disposable {
  readonly #end: End

  /** @internal */
  constructor(end: End) {
    this.#end = end
  }

  /** Frees the credential. */
  [Symbol.dispose](): void {
    this.#end()
  }
}

/**
 * A security context, half-open or established. Opaque as {@link CredHandle}; disposing it deletes the context, as
 * `deleteSecurityContext` does.
 */
export class CtxtHandle implements Disposable {
  readonly #end: End

  /** @internal */
  constructor(end: End) {
    this.#end = end
  }

  /** Deletes the context. */
  [Symbol.dispose](): void {
    this.#end()
  }
}
