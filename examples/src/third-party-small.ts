// The smallest security package: a name and a password in one token, for channels that are encrypted already (a pipe, TLS).
import { constantTimeEqual, never, SECPKG_FLAG_CONNECTION, SECPKG_FLAG_IMPERSONATION, SspiError } from 'sspi/core'
import type { Credential, Identity, Input, SecurityPackage, Step } from 'sspi/core'

const capabilities = SECPKG_FLAG_CONNECTION | SECPKG_FLAG_IMPERSONATION
const quiet = { contextAttr: 0, query: () => undefined, dispose: () => undefined }
const refuse = (code: SspiError['code'], why: string) => (): never => {
  throw new SspiError(code, `Plain: ${why}`)
}
const none = refuse('SEC_E_UNSUPPORTED_FUNCTION', 'messages are the channel’s to protect')
const denied = refuse('SEC_E_LOGON_DENIED', 'unknown user, or wrong password')
const unprotected = { ...quiet, sign: none, verify: none, seal: none, unseal: none, expiry: never() }
const done = (token: Uint8Array | undefined, consumed: number, peer?: Identity): Step => {
  return { kind: 'done', token, consumed, session: { ...unprotected, peer } }
}

/** Register it, and it is like the built-in ones: `initSecurityInterface({ packages: [plainPackage(passwordOf)] })`. */
export const plainPackage = (
  passwordOf: (user: string) => string | undefined,
): SecurityPackage<Credential & { readonly token: Uint8Array }> => ({
  info: { name: 'Plain', comment: 'A name, a password', version: 1, rpcId: 0xffff, maxToken: 1024, capabilities },
  acquire({ value }) {
    const token = Buffer.from(value?.kind === 'password' ? `${value.user}\0${value.password}` : '')
    return { token, expiry: never(), identity: undefined, dispose: () => token.fill(0) }
  },
  initiate: ({ credential }) => ({ ...quiet, step: () => done(credential.token.slice(), 0) }),
  accept() {
    const step = (input: Input): Step => {
      const token = (input.kind === 'token' ? input.token : undefined) ?? new Uint8Array()
      const [name = '', given = ''] = new TextDecoder().decode(token).split('\0')
      const right = passwordOf(name)
      if (right === undefined || !constantTimeEqual(Buffer.from(right), Buffer.from(given))) return denied()
      return done(undefined, token.length, { name, domain: '', sid: undefined, groups: [], source: 'verified' })
    }
    return { ...quiet, step }
  },
})
