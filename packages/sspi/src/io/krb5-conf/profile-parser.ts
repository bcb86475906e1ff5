import { SspiError } from '../../status/index.js'
import { SectionBuilder, type ProfileSection } from './profile.js'

/** A line that asks for other files. */
export interface IncludeLine {
  readonly kind: 'include' | 'includedir'
  readonly path: string
}

/** Sections within sections: MIT's own files need three. */
const DEEPEST = 16

/**
 * Reads one file of krb5.conf's format, as MIT krb5's libprofile does, a line at a time. A relation is
 * `name = value` or `name = {`, which begins a section; what stands before the first `[section]` is a comment.
 */
export class ProfileParser {
  readonly #root: SectionBuilder
  readonly #file: string
  #line = 0
  /** The open sections, outermost first; none before the first `[section]`. */
  readonly #open: SectionBuilder[] = []
  /** The name of a section whose brace must be on the next line. */
  #pending: { readonly name: string; readonly final: boolean } | undefined

  /**
   * @param root - What the relations are put into.
   * @param file - The file's name, for errors.
   */
  constructor(root: SectionBuilder, file: string) {
    this.#root = root
    this.#file = file
  }

  /**
   * Reads the next line.
   * @returns what is to be included in its place, if that is what the line says.
   * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` with the number of the line.
   */
  line(text: string): IncludeLine | undefined {
    this.#line++
    const include = /^(include|includedir)\s+(\S.*)$/.exec(text.trimEnd())
    if (include !== null) return { kind: include[1] === 'include' ? 'include' : 'includedir', path: include[2]! }
    if (this.#open.length === 0) {
      if (/^module\s/.test(text)) throw this.error('module: configuration out of a shared library is not supported')
      // As in libprofile, the first section begins in the first column.
      if (!text.startsWith('[')) return undefined
    }
    this.#statement(text.trim())
    return undefined
  }

  /** An error at the line that was read last. */
  error(why: string, cause?: unknown): SspiError {
    return profileError(`${this.#file}:${this.#line}`, why, cause)
  }

  #statement(text: string): void {
    if (this.#pending !== undefined) {
      if (!text.startsWith('{')) throw this.error(`${this.#pending.name}: neither a value nor '{' on the next line`)
      this.#begin(this.#pending.name, this.#pending.final)
      this.#pending = undefined
    } else if (text === '' || text.startsWith('#') || text.startsWith(';')) {
      return
    } else if (text.startsWith('[')) {
      this.#header(text)
    } else if (text.startsWith('}')) {
      this.#end(text)
    } else {
      this.#relation(text)
    }
  }

  #header(text: string): void {
    if (this.#open.length > 1) throw this.error("'[' within '{'")
    const [, name, star, rest] = /^\[([^\]]*)\](\*?)\s*(.*)$/.exec(text) ?? []
    // Releases of MIT krb5 after 1.20 take a comment here.
    if (name === undefined || !/^([#;].*)?$/.test(rest!)) throw this.error("a section is '[name]' and nothing else")
    const section = this.#root.section(name)
    if (star === '*') section.final = true
    this.#open.splice(0, 1, section)
  }

  #end(text: string): void {
    if (this.#open.length < 2) throw this.error("'}' without '{'")
    const section = this.#open.pop()!
    if (text.startsWith('}*')) section.final = true
  }

  #relation(text: string): void {
    const [, tag, rest] = /^([^\s=]+)\s*=\s*(.*)$/.exec(text) ?? []
    if (tag === undefined || rest === undefined) throw this.error("neither 'name = value' nor a section")
    const [name = '', marker] = tag.split('*', 2)
    if (rest === '') this.#pending = { name, final: marker !== undefined }
    else if (rest === '{') this.#begin(name, marker !== undefined)
    // Only sections are final: libprofile reads the marker of a value, and then takes no notice.
    else this.#open.at(-1)!.addValue(name, rest.startsWith('"') ? unquote(rest) : rest)
  }

  #begin(name: string, final: boolean): void {
    if (this.#open.length > DEEPEST) throw this.error(`sections more than ${DEEPEST} deep`)
    const section = this.#open.at(-1)!.section(name)
    if (final) section.final = true
    this.#open.push(section)
  }
}

/**
 * Reads a text in krb5.conf's format that includes no files.
 *
 * @param file - A name for errors. Default `krb5.conf`.
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY`, with the line, when it is not in that format or includes files.
 */
export function parseProfile(text: string, file = 'krb5.conf'): ProfileSection {
  const root = new SectionBuilder()
  const parser = new ProfileParser(root, file)
  for (const line of profileLines(text)) {
    const include = parser.line(line)
    if (include !== undefined) throw parser.error(`${include.kind}: only a configuration out of files has others`)
  }
  return root
}

/** The lines of a file, without their ends and without a byte order mark. */
export function profileLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/)
}

/** A configuration that cannot be used. */
export function profileError(where: string, why: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${where}: ${why}`, { cause })
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['b', '\b'],
])

/** What is between the quotes. What stands behind the closing one does not count, and one that is missing is not missed. */
function unquote(text: string): string {
  let value = ''
  for (let at = 1; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\') {
      at++
      const escaped = text[at] ?? ''
      value += ESCAPES.get(escaped) ?? escaped
    } else {
      value += text[at]!
    }
  }
  return value
}
