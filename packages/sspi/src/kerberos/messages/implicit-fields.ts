import type { DerReader, DerWriter } from '../../bytes/index.js'
import { primitiveContextTag } from '../../bytes/index.js'

/**
 * Fields of the modules with IMPLICIT TAGS (OTP) and of single fields so marked (PKINIT): the tag stands in the place of the
 * type's own.
 */

/** Reads an OCTET STRING under `[number] IMPLICIT`. A view. */
export function readImplicitOctets(fields: DerReader, number: number, what: string): Uint8Array {
  return fields.octetString(what, primitiveContextTag(number))
}

/** Reads an OCTET STRING under `[number] IMPLICIT`, if it is there. */
export function readOptionalOctets(fields: DerReader, number: number, what: string): Uint8Array | undefined {
  return fields.isNext(primitiveContextTag(number)) ? readImplicitOctets(fields, number, what) : undefined
}

/** Writes an OCTET STRING under `[number] IMPLICIT`, if there is one. */
export function writeImplicitOctets(writer: DerWriter, number: number, value: Uint8Array | undefined): void {
  if (value !== undefined) writer.octetString(value, primitiveContextTag(number))
}

/** Reads a UTF8String under `[number] IMPLICIT`, if it is there. */
export function readOptionalUtf8(fields: DerReader, number: number, what: string): string | undefined {
  const tag = primitiveContextTag(number)
  return fields.isNext(tag) ? fields.utf8String(what, tag) : undefined
}

/** Writes a UTF8String under `[number] IMPLICIT`, if there is one. */
export function writeImplicitUtf8(writer: DerWriter, number: number, value: string | undefined): void {
  if (value !== undefined) writer.utf8String(value, primitiveContextTag(number))
}

/** Reads an Int32 under `[number] IMPLICIT`, if it is there. */
export function readOptionalInt32(fields: DerReader, number: number, what: string): number | undefined {
  const tag = primitiveContextTag(number)
  return fields.isNext(tag) ? fields.int32(what, tag) : undefined
}

/** Writes an Int32 under `[number] IMPLICIT`, if there is one. */
export function writeImplicitInt32(writer: DerWriter, number: number, value: number | undefined): void {
  if (value === undefined) return
  if (value !== (value | 0)) throw new TypeError(`${value} is no Int32`)
  writer.integer(value, primitiveContextTag(number))
}
