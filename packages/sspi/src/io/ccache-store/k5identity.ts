import { decodeUtf8 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { readSecretFile } from './secret-file.js'

/** What is known of a service when a client identity is to be chosen for it. */
export interface ChosenService {
  /** `HTTP`; `undefined` where the target is no service on a host. */
  readonly service: string | undefined
  /** In lower case. */
  readonly host: string | undefined
  /** `undefined` where only the KDC knows. */
  readonly realm: string | undefined
}

/** One line of a `.k5identity`: who to be, and when. */
export interface IdentityRule {
  /** `alice@EXAMPLE.COM`. */
  readonly principal: string
  /** Patterns by what they are for; all of them must match. */
  readonly patterns: ReadonlyMap<'service' | 'host' | 'realm', string>
}

/** A longer file is not read on. */
const MOST_RULES = 1000

/**
 * Reads the rules of k5identity(5): on each line a principal, and `field=value` for `realm`, `service` and `host`, whose
 * values may have `*` and `?` in them. What begins with `#` is a comment; lines with other fields never match, as in MIT's.
 */
export function parseK5identity(text: string): readonly IdentityRule[] {
  const rules: IdentityRule[] = []
  for (const line of text.split('\n')) {
    const [principal, ...fields] = line.trim().split(/\s+/)
    if (principal === undefined || principal === '' || principal.startsWith('#')) continue
    if (rules.length === MOST_RULES) break
    const patterns = new Map<'service' | 'host' | 'realm', string>()
    const known = fields.every((field) => {
      const at = field.indexOf('=')
      const name = field.slice(0, at)
      if (at < 0 || !(name === 'service' || name === 'host' || name === 'realm')) return false
      patterns.set(name, field.slice(at + 1))
      return true
    })
    if (known) rules.push({ principal, patterns })
  }
  return rules
}

/** Reads the rules of a file; none where there is none. @throws `SspiError` `SEC_E_NO_CREDENTIALS` when it cannot be used. */
export async function loadK5identity(path: string): Promise<readonly IdentityRule[]> {
  const bytes = await readSecretFile(path)
  if (bytes === undefined) return []
  try {
    return parseK5identity(decodeUtf8(bytes, path))
  } catch (cause) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `${path}: not text in UTF-8`, { cause })
  }
}

/** The principal of the first rule that fits; `undefined` for none. */
export function identityFor(rules: readonly IdentityRule[], wanted: ChosenService): string | undefined {
  const fits = ({ patterns }: IdentityRule): boolean =>
    [...patterns].every(([field, pattern]) =>
      // Host names have no case; services and realms have.
      matches(field === 'host' ? pattern.toLowerCase() : pattern, wanted[field] ?? ''),
    )
  return rules.find(fits)?.principal
}

/** Whether a text is of a pattern, in time that grows with the product of their lengths. */
export function matches(pattern: string, text: string): boolean {
  let [at, in_, star, resume] = [0, 0, -1, 0]
  while (in_ < text.length) {
    if (pattern[at] === '*') {
      ;[star, resume] = [at++, in_]
    } else if (pattern[at] === '?' || (at < pattern.length && pattern[at] === text[in_])) {
      at++
      in_++
    } else if (star >= 0) {
      // The last star takes one character more.
      at = star + 1
      in_ = ++resume
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}
