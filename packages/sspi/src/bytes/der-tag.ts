/** Tag octets of the universal types that the protocols here use, X.680 section 8.4; `SEQUENCE`, `SET` constructed. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  GENERALIZED_TIME: 0x18,
  GENERAL_STRING: 0x1b,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/** The tag octet of `[number]`, constructed (an explicit tag, or an implicit one of a SEQUENCE). */
export function contextTag(number: number): number {
  return tagOf(0xa0, number)
}

/** The tag octet of `[number] IMPLICIT` over a primitive type. */
export function primitiveContextTag(number: number): number {
  return tagOf(0x80, number)
}

/** The tag octet of `[APPLICATION number]`, constructed. */
export function applicationTag(number: number): number {
  return tagOf(0x60, number)
}

function tagOf(base: number, number: number): number {
  if (!Number.isInteger(number) || number < 0 || number > 30) {
    throw new TypeError(`tag number ${number}: one octet holds 0 to 30`)
  }
  return base | number
}
