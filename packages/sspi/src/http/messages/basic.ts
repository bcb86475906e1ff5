import { decodeUtf8, encodeUtf8, fromBase64, toBase64 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { writeSchemeValue, type SchemeValue } from './scheme-value.js'

// Basic, RFC 7617: the password itself, in base64. Nothing hides it but the TLS around it.

/** The challenge of Basic. UTF-8 is announced, and is what is read. */
export function writeBasicChallenge(realm: string): string {
  return writeSchemeValue('Basic', [
    { name: 'realm', value: realm },
    { name: 'charset', value: 'UTF-8' },
  ])
}

/**
 * A client's credentials: `Basic YWxpY2U6…`.
 *
 * @throws `SspiError` `SEC_E_CANNOT_PACK` for a name with a colon, which would end there, or control characters (RFC 7617 §2).
 */
export function writeBasicCredentials(user: string, password: string): string {
  if (user.includes(':')) throw new SspiError('SEC_E_CANNOT_PACK', 'Basic: a user name with a colon in it')
  const text = `${user}:${password}`
  if (/\p{Cc}/u.test(text)) throw new SspiError('SEC_E_CANNOT_PACK', 'Basic: a control character in name or password')
  const bytes = encodeUtf8(text)
  const value = `Basic ${toBase64(bytes)}`
  bytes.fill(0)
  return value
}

/**
 * The name and the password that a client sent.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when they do not parse. What was sent is not in the message.
 */
export function readBasicCredentials(value: SchemeValue): { readonly user: string; readonly password: string } {
  const bytes = fromBase64(value.token68 ?? '', 'Basic')
  try {
    const text = decodeUtf8(bytes, 'Basic')
    const colon = text.indexOf(':')
    if (colon < 0 || /\p{Cc}/u.test(text)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Basic: not a name, a colon and a password')
    }
    return { user: text.slice(0, colon), password: text.slice(colon + 1) }
  } finally {
    bytes.fill(0)
  }
}
