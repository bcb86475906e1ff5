import { SspiError } from '../sspi/index.js'
import { MAX_DIRECTIVES } from './constants.js'
import { bytesOf, octetsOf } from './octets.js'

// The syntax that all messages share: `name=value, name="value"`, RFC 9110 §11.2 and RFC 2831 §7.2.

/** One directive as it stood. */
export interface Directive {
  /** In lower case. */
  readonly name: string
  /** Octets: what a quoted string quotes, or the value itself. */
  readonly value: string
  /** Octets: a quoted string between its quotes as it stood, backslashes and all; else the value. */
  readonly raw: string
}

/** What stands behind the name of a scheme; the first of a list may have no scheme. */
export interface SchemeDirectives {
  /** In lower case; `undefined` for directives without a scheme in front of them. */
  readonly scheme: string | undefined
  /** A token in place of directives (`Negotiate YII…`); `undefined` where there is none. */
  readonly token68: string | undefined
  /** The directives, in their order; empty where there are none. */
  readonly directives: readonly Directive[]
}

/**
 * Reads a list of directives without any scheme, as SASL has it.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is something else.
 */
export function readDirectives(token: Uint8Array, what: string): readonly Directive[] {
  const [first, ...others] = readSchemes(token, what)
  if (others.length > 0 || first?.scheme !== undefined) throw malformed(what, 'a name of a scheme among the directives')
  return first?.directives ?? []
}

/**
 * Reads the value of one or several WWW-Authenticate fields: challenges of any scheme with commas between them, RFC 9110 §11.6.1.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readSchemes(token: Uint8Array, what: string): readonly SchemeDirectives[] {
  const scanner = new Scanner(octetsOf(token), what)
  const found: { scheme: string | undefined; token68: string | undefined; directives: Directive[] }[] = []
  let count = 0
  scanner.skipCommas()
  while (!scanner.ended) {
    const scheme = scanner.scheme()
    const token68 = scheme === undefined || scanner.atElementEnd ? undefined : scanner.token68()
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), token68, directives: [] })
    if (scheme === undefined || !(scanner.atElementEnd || token68 !== undefined)) {
      if (++count > MAX_DIRECTIVES) throw malformed(what, `more than ${MAX_DIRECTIVES} directives`)
      if (found.length === 0) found.push({ scheme: undefined, token68: undefined, directives: [] })
      found.at(-1)!.directives.push(scanner.directive()) // there is one by now
    }
    scanner.endElement()
  }
  return found
}

/**
 * Directives by name. Those that nobody here knows may be there as often as they like.
 *
 * @param known - Which names count; each may be there once, or as often as it likes where it is `'many'`.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for one that is there twice: whoever reads the first and whoever reads the
 *   second would not agree on what was said.
 */
export function byName<N extends string>(
  directives: readonly Directive[],
  known: Readonly<Record<N, 'once' | 'many'>>,
  what: string,
): ReadonlyMap<N, readonly Directive[]> {
  const found = new Map<N, Directive[]>()
  for (const directive of directives) {
    if (!Object.hasOwn(known, directive.name)) continue
    const name = directive.name as N // checked just now
    const before = found.get(name)
    if (before === undefined) found.set(name, [directive])
    else if (known[name] === 'many') before.push(directive)
    else throw malformed(what, `${name} is there twice`)
  }
  return found
}

/** A directive to be written; those without a value are left out. */
export interface WrittenDirective {
  readonly name: string
  /** Octets. */
  readonly value: string | undefined
  readonly quoted: boolean
}

/**
 * Writes directives in their order.
 *
 * @throws {@link SspiError} `SEC_E_CANNOT_PACK` when a value holds what no field of a header may: a line end would begin a
 *   field of its own.
 */
export function writeDirectives(directives: readonly WrittenDirective[], separator: ',' | ', '): Uint8Array {
  const parts: string[] = []
  for (const { name, value, quoted } of directives) {
    if (value === undefined) continue
    if (CONTROL.test(value)) throw new SspiError('SEC_E_CANNOT_PACK', `Digest: ${name}: a control character in it`)
    parts.push(`${name}=${quoted ? quote(value) : value}`)
  }
  return bytesOf(parts.join(separator))
}

/** RFC 9110 §5.6.4. */
export function quote(octets: string): string {
  return `"${octets.replace(/["\\]/g, '\\$&')}"`
}

/** A token that does not parse. */
export function malformed(what: string, why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${why}`)
}

const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/ // eslint-disable-line no-control-regex -- these are what it looks for
const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
/** More than RFC 9110 allows without quotes: peers leave them off around base64 and paths. */
const BARE = /[^\s,"\u0000-\u001f\u007f]+/y // eslint-disable-line no-control-regex -- these end it
// eslint-disable-next-line no-control-regex -- no quoted string holds these
const QUOTED = /"((?:[^"\\\u0000-\u0008\u000a-\u001f\u007f]|\\[^\u0000-\u0008\u000a-\u001f\u007f])*)"/y
const TOKEN68 = /[0-9A-Za-z\-._~+/]+=*(?=[ \t]*(?:,|$))/y
const SPACE = /[ \t\r\n]*/y
const COMMAS = /[ \t\r\n,]*/y

/** A place in the text, and what may stand there. */
class Scanner {
  readonly #text: string
  readonly #what: string
  #at = 0

  constructor(text: string, what: string) {
    this.#text = text
    this.#what = what
  }

  get ended(): boolean {
    return this.#at >= this.#text.length
  }

  get atElementEnd(): boolean {
    return this.ended || this.#next(',')
  }

  skipSpace(): void {
    this.#match(SPACE)
  }

  /** RFC 9110 §5.6.1: elements of a list may be empty. */
  skipCommas(): void {
    this.#match(COMMAS)
  }

  /** Goes to the next element. */
  endElement(): void {
    this.skipSpace()
    if (!this.atElementEnd) throw malformed(this.#what, `a comma expected at ${this.#at}`)
    this.skipCommas()
  }

  token68(): string | undefined {
    return this.#match(TOKEN68)?.[0]
  }

  /** The name of a scheme, if one stands here: a name that no `=` follows. */
  scheme(): string | undefined {
    const start = this.#at
    const name = this.#name()
    this.skipSpace()
    if (!this.#next('=')) return name
    this.#at = start
    return undefined
  }

  directive(): Directive {
    const name = this.#name()
    this.skipSpace()
    if (!this.#next('=')) throw malformed(this.#what, `'=' expected at ${this.#at}`)
    this.#at++
    this.skipSpace()
    return { name: name.toLowerCase(), ...this.#value(name) }
  }

  #name(): string {
    const found = this.#match(NAME)?.[0]
    if (found === undefined) throw malformed(this.#what, `a name expected at ${this.#at}`)
    return found
  }

  #value(name: string): Pick<Directive, 'value' | 'raw'> {
    if (!this.#next('"')) {
      const bare = this.#match(BARE)?.[0] ?? ''
      return { value: bare, raw: bare }
    }
    const raw = this.#match(QUOTED)?.[1]
    if (raw !== undefined) return { value: raw.replace(/\\(.)/gs, '$1'), raw }
    throw malformed(this.#what, `${name}: a quoted string without an end, or with a control character`)
  }

  #next(character: string): boolean {
    return this.#text[this.#at] === character
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text) ?? undefined
    if (found !== undefined) this.#at = pattern.lastIndex
    return found
  }
}
