import { malformed, type Directive } from '../directives.js'

/** Directives by their names. */
export type Fields<N extends string> = ReadonlyMap<N, readonly Directive[]>

/** The value of a directive that may be there once. */
export function oneOrNone<N extends string>(fields: Fields<N>, name: N): string | undefined {
  return fields.get(name)?.[0]?.value
}

/** `true`, whatever its case, is true; all else is not, RFC 7616 §3.3. */
export function readBoolean<N extends string>(fields: Fields<N>, name: N): boolean {
  return oneOrNone(fields, name)?.toLowerCase() === 'true'
}

/** `a, b,c` in lower case. */
export function readList(value: string): readonly string[] {
  return value.split(',').map((each) => each.trim().toLowerCase())
}

/** A number in decimal digits. */
export function readUnsigned<N extends string>(fields: Fields<N>, name: N, what: string): number | undefined {
  const value = oneOrNone(fields, name)
  if (value === undefined) return undefined
  if (!/^\d{1,10}$/.test(value)) throw malformed(what, `${name}: no number`)
  return Number(value)
}

/** A nonce count: eight hexadecimal digits, from 1 on. */
export function readCount<N extends string>(fields: Fields<N>, name: N, what: string): number | undefined {
  const value = oneOrNone(fields, name)
  if (value === undefined) return undefined
  if (!/^[0-9a-fA-F]{8}$/.test(value) || /^0+$/.test(value)) {
    throw malformed(what, `${name}: not eight hexadecimal digits that count from 1`)
  }
  return Number.parseInt(value, 16)
}
