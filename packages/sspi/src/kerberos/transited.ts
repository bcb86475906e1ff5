import { decodeUtf8, encodeUtf8 } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import { TransitedType } from './constants.js'
import type { TransitedEncoding } from './messages/index.js'
import { configuredPath, hierarchicalPath, hierarchyBetween, type ConfiguredPaths } from './realm-hierarchy.js'

/** Bytes of a transited encoding, and realms in it, at most. */
const LONGEST = 4_096
const MOST_REALMS = 64

/** No realm was passed. */
export const NO_TRANSITED: TransitedEncoding = {
  trType: TransitedType.DOMAIN_X500_COMPRESS,
  contents: new Uint8Array(0),
}

/** The realms at both ends of a way. */
export interface WayThroughRealms {
  readonly client: string
  readonly server: string
}

/**
 * The realms that a ticket came through: DOMAIN-X500-COMPRESS of RFC 4120 section 3.3.3.2, where names may be cut short by
 * those before them, and an empty one stands for all that lie between its neighbours.
 *
 * @param between - The client's realm and the server's.
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for another encoding; `SEC_E_INVALID_TOKEN` for one without measure, that is no
 *   text, or whose empty names stand for nothing that is known.
 */
export function readTransitedRealms(
  { trType, contents }: TransitedEncoding,
  between: WayThroughRealms,
): readonly string[] {
  // Type 0 with nothing in it is what KDCs send that never pass realms on.
  if (contents.length === 0) return []
  if (trType !== TransitedType.DOMAIN_X500_COMPRESS) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `transited: encoding ${trType} is not known`)
  }
  if (contents.length > LONGEST) throw tooLong()
  const names = expand(splitNames(textOf(contents)))
  const realms: string[] = []
  for (const [index, name] of names.entries()) {
    if (name !== '') realms.push(name)
    // Several in a row say no more than one.
    else if (index === 0 || names[index - 1] !== '') {
      const before = names.slice(0, index).findLast((earlier) => earlier !== '') ?? between.client
      const after = names.slice(index + 1).find((later) => later !== '') ?? between.server
      realms.push(...allBetween(before, after))
    }
    if (realms.length > MOST_REALMS) throw tooLong()
  }
  return realms
}

/** The encoding with one more realm at its end. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is no text so far. */
export function addTransitedRealm({ contents }: TransitedEncoding, realm: string): TransitedEncoding {
  const before = textOf(contents)
  const name = escaped(realm)
  return {
    trType: TransitedType.DOMAIN_X500_COMPRESS,
    contents: encodeUtf8(before === '' ? name : `${before},${name}`),
  }
}

/**
 * The first of the realms that a client may not come through: those of `capaths`, else those of the hierarchy, and both ends.
 *
 * @returns `undefined` when there is none.
 */
export function forbiddenTransit(
  realms: readonly string[],
  { client, server }: WayThroughRealms,
  capaths: ConfiguredPaths,
): string | undefined {
  const allowed = [client, server, ...(configuredPath(capaths, client, server) ?? hierarchicalPath(client, server))]
  return realms.find((realm) => !allowed.includes(realm))
}

/** What an empty name stands for. */
function allBetween(before: string, after: string): readonly string[] {
  const between = hierarchyBetween(before, after)
  if (between !== undefined) return between
  throw new SspiError(
    'SEC_E_INVALID_TOKEN',
    `transited: all realms from ${before} to ${after}, which have nothing in common`,
  )
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
    // An empty name is none to go by: the one before it is.
    const before = full.findLast((earlier) => earlier !== '') ?? ''
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

/** Old KDCs count the zero at the end of their string. */
function textOf(contents: Uint8Array): string {
  const end = contents.at(-1) === 0 ? -1 : contents.length
  return decodeUtf8(contents.subarray(0, end), 'transited')
}

function tooLong(): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', 'transited: the ticket came through too many realms')
}
