import type { CredSspOptions } from '../../src/credssp/index.js'
import { ALLOWED } from './pair.js'
import { relay } from './middle.js'

/** An exchange of which each side takes the other for one that speaks this version: the server's own terminator says so. */
export function withVersion(version: number, options: CredSspOptions): ReturnType<typeof relay> {
  const credssp = { ...ALLOWED, ...options }
  return relay(
    { client: { credssp }, server: { credssp } },
    {
      certificate: 'server',
      change: ({ clientNonce, ...request }) => ({
        ...request,
        version,
        ...(version >= 5 && clientNonce !== undefined ? { clientNonce } : {}),
      }),
    },
  )
}
