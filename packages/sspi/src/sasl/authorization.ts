import { saysYes, SspiError, type Identity } from '../sspi/index.js'

/** Whether a client may act as somebody whom it names: `true` at once, or it may not. */
export type Authorize = (client: Identity | undefined, authorizationId: string) => boolean

/**
 * Refuses a client that may not act as whom it names.
 *
 * @param authorize - asked where it names somebody. Default: everybody may act as itself, by its own name (`alice` or `alice@DOMAIN`).
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED`; `SEC_E_INTERNAL_ERROR` when `authorize` throws something else.
 */
export function requireAuthorized(
  client: Identity | undefined,
  authorizationId: string,
  authorize: Authorize = isOneself,
): void {
  if (authorizationId === '' || saysYes('SASL: authorize', () => authorize(client, authorizationId))) return
  throw new SspiError('SEC_E_LOGON_DENIED', `SASL: the client may not act as '${printable(authorizationId)}'`)
}

function isOneself(client: Identity | undefined, authorizationId: string): boolean {
  if (client === undefined) return false
  const { name, domain } = client
  return authorizationId === name || (domain !== '' && authorizationId === `${name}@${domain}`)
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
