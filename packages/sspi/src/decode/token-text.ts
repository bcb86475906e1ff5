import { fromBase64, fromHex } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import { digestBytes } from './digest.js'

/** A token found in text. */
export interface FoundToken {
  /** How it was written. */
  readonly form: 'header' | 'base64' | 'hex' | 'binary'
  /** The header and scheme it stood behind: `WWW-Authenticate: Negotiate`. */
  readonly header: string | undefined
  /** The token itself. */
  readonly bytes: Uint8Array
}

/** The header fields of HTTP that carry tokens, with whatever a trace puts before them, or the scheme alone. */
const HEADER =
  /(?:^|[\s<>*"'])((?:(?:Proxy-)?(?:Authorization|Authenticate)|WWW-Authenticate|(?:Proxy-)?Authentication-Info)\s*:\s*)?(Negotiate|NTLM|Kerberos|Nego2)[ \t]+([A-Za-z0-9+/_-]{8,}={0,2})(?![A-Za-z0-9+/_-])/gim

/** The same with Digest, whose token is text to the end of the line. */
const DIGEST_HEADER =
  /^[^\n]*?((?:(?:Proxy-)?(?:Authorization|Authenticate)|WWW-Authenticate)\s*:\s*)Digest[ \t]+([^\r\n]+)/gim

/**
 * Finds the tokens in text: header lines (`Authorization: NTLM TlRM…`), as many as there are; or else the whole text as
 * one token in hexadecimal (with spaces, colons, `0x` as they come) or base64 (with line breaks, in either alphabet).
 *
 * @param recognised - Settles what text is that could be both hexadecimal and base64.
 * @returns Every token, in order; none when the text holds none.
 */
export function findTokens(text: string, recognised: (bytes: Uint8Array) => boolean): readonly FoundToken[] {
  const headers = [...text.matchAll(HEADER)].flatMap((match): FoundToken[] => {
    const bytes = readBase64(match[3]!) // the expression has three groups, of which only the first may be left out
    const header = `${match[1]?.replace(/\s+/g, '').replace(':', ': ') ?? ''}${match[2]!}`
    return bytes === undefined ? [] : [{ form: 'header', header, bytes }]
  })
  const digests = [...text.matchAll(DIGEST_HEADER)].flatMap((match): FoundToken[] => {
    const bytes = digestBytes(match[2]!.trim()) // the expression has two groups, of which only the first may be left out
    const header = `${match[1]?.replace(/\s+/g, '').replace(':', ': ') ?? ''}Digest`
    return bytes === undefined ? [] : [{ form: 'header', header, bytes }]
  })
  if (headers.length + digests.length > 0) return [...headers, ...digests]
  const directives = digestBytes(text.trim())
  if (directives !== undefined && recognised(directives)) {
    return [{ form: 'header', header: undefined, bytes: directives }]
  }
  const candidates: FoundToken[] = []
  const hex = readHex(text)
  if (hex !== undefined) candidates.push({ form: 'hex', header: undefined, bytes: hex })
  const base64 = readBase64(text)
  if (base64 !== undefined) candidates.push({ form: 'base64', header: undefined, bytes: base64 })
  const found = candidates.find(({ bytes }) => recognised(bytes)) ?? candidates[0]
  return found === undefined ? [] : [found]
}

function readHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\b0x|[\s:,-]/gi, '')
  return digits === '' ? undefined : tried(() => fromHex(digits))
}

function readBase64(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
  return digits === '' ? undefined : tried(() => fromBase64(digits.padEnd(Math.ceil(digits.length / 4) * 4, '=')))
}

function tried(read: () => Uint8Array): Uint8Array | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
