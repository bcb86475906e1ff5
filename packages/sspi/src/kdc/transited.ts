import { decodeUtf8, encodeUtf8 } from '../bytes/index.js'
import { KerberosErrorCode, TransitedType, type TransitedEncoding } from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { hierarchicalPath } from './realm-paths.js'
import { Refusal } from './refusal.js'

/** Bytes of a transited encoding, and realms in it, at most. */
const LONGEST = 4_096
const MOST_REALMS = 64

/** No realm was passed. */
export const NOWHERE: TransitedEncoding = { trType: TransitedType.DOMAIN_X500_COMPRESS, contents: new Uint8Array(0) }

/**
 * The realms that a ticket came through: DOMAIN-X500-COMPRESS of RFC 4120 section 3.3.3.2, where names may be cut short by
 * those before them, and an empty one stands for all that lie between its neighbours.
 *
 * @param between - The client's realm and the server's.
 * @throws `SspiError` `KDC_ERR_TRTYPE_NOSUPP` for another encoding; `KDC_ERR_PATH_NOT_ACCEPTED` for one without measure.
 */
export function readTransitedRealms(
  { trType, contents }: TransitedEncoding,
  between: { readonly client: string; readonly server: string },
): readonly string[] {
  // Type 0 with nothing in it is what KDCs send that never pass realms on.
  if (contents.length === 0) return []
  if (trType !== TransitedType.DOMAIN_X500_COMPRESS) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_TRTYPE_NOSUPP, `transited encoding ${trType}`)
  }
  if (contents.length > LONGEST) throw tooLong()
  const names = expand(splitNames(textOf(contents)))
  const realms: string[] = []
  for (const [index, name] of names.entries()) {
    if (name !== '') realms.push(name)
    else {
      const before = names[index - 1] ?? between.client
      const after = names.slice(index + 1).find((later) => later !== '') ?? between.server
      realms.push(...hierarchicalPath(before === '' ? between.client : before, after))
    }
    if (realms.length > MOST_REALMS) throw tooLong()
  }
  return realms
}

/** The encoding with one more realm at its end. */
export function addTransitedRealm({ contents }: TransitedEncoding, realm: string): TransitedEncoding {
  const before = textOf(contents)
  const name = escaped(realm)
  return {
    trType: TransitedType.DOMAIN_X500_COMPRESS,
    contents: encodeUtf8(before === '' ? name : `${before},${name}`),
  }
}

/** What is special is escaped, and a name that would be taken for the end of another's begins with a space. */
function escaped(realm: string): string {
  const name = realm.replace(/[\\,]/g, '\\$&').replace(/\.$/, '\\.')
  return name.startsWith('/') || name.startsWith(' ') ? ` ${name}` : name
}

interface RawName {
  readonly text: string
  /** Whether its last character was escaped: then a dot there is one of the name. */
  readonly ends: 'plain' | 'escaped'
}

function splitNames(text: string): readonly RawName[] {
  const names: RawName[] = []
  let name = ''
  let ends: RawName['ends'] = 'plain'
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === ',') {
      names.push({ text: name, ends })
      name = ''
      ends = 'plain'
    } else if (character === '\\') {
      name += text.charAt(++i)
      ends = 'escaped'
    } else {
      name += character
      ends = 'plain'
    }
    if (names.length > MOST_REALMS) throw tooLong()
  }
  return [...names, { text: name, ends }]
}

/** Puts together what was cut short: `/X` goes behind the name before, `X.` before it. */
function expand(names: readonly RawName[]): readonly string[] {
  const full: string[] = []
  let total = 0
  for (const { text, ends } of names) {
    const before = full.at(-1) ?? ''
    let name = text
    if (text.startsWith(' ')) name = text.slice(1)
    else if (text.startsWith('/')) name = before + text
    else if (text.endsWith('.') && ends === 'plain') name = text + before
    // Names made of names grow: the sum is bounded as the bytes are.
    total += name.length
    if (total > LONGEST) throw tooLong()
    full.push(name)
  }
  return full
}

function textOf(contents: Uint8Array): string {
  try {
    return decodeUtf8(contents, 'transited')
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    throw new Refusal(KerberosErrorCode.KDC_ERR_PATH_NOT_ACCEPTED, 'transited realms that are no text', { cause })
  }
}

function tooLong(): Refusal {
  return new Refusal(KerberosErrorCode.KDC_ERR_PATH_NOT_ACCEPTED, 'the ticket came through too many realms')
}
