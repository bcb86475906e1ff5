/** Where a password or hash comes from when it should not lie in a variable: asked each time a credential is acquired. */
export type SecretSource<T> = T | (() => T | Promise<T>)
