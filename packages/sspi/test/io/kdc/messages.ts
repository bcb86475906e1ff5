import { applicationTag, contextTag, DerWriter, Tag } from '../../../src/bytes/index.js'

/** What looks like a reply from outside: the tag, and something in it. */
export function replyOf(message: 11 | 13, filler = 'a reply'): Uint8Array {
  const writer = new DerWriter()
  writer.within(applicationTag(message), () => writer.within(Tag.SEQUENCE, () => writer.utf8String(filler)))
  return writer.finish()
}

/** A KRB-ERROR, RFC 4120 §5.9.1, with what is required. */
export function krbError(code: number): Uint8Array {
  const writer = new DerWriter()
  const field = (number: number, write: () => void): void => writer.within(contextTag(number), write)
  writer.within(applicationTag(30), () =>
    writer.within(Tag.SEQUENCE, () => {
      field(10, () =>
        writer.within(Tag.SEQUENCE, () => {
          field(1, () => writer.within(Tag.SEQUENCE, () => writer.generalString('krbtgt')))
          field(0, () => writer.integer(2))
        }),
      )
      field(9, () => writer.generalString('EXAMPLE.COM'))
      field(6, () => writer.integer(code))
      field(5, () => writer.integer(0))
      field(4, () => writer.generalizedTime(new Date('2026-01-01T00:00:00Z')))
      field(1, () => writer.integer(30))
      field(0, () => writer.integer(5))
    }),
  )
  return writer.finish()
}

/** A message with the length in four bytes that goes before it over TCP. */
export function framed(message: Uint8Array, length = message.length): Uint8Array {
  const bytes = new Uint8Array(4 + message.length)
  new DataView(bytes.buffer).setUint32(0, length)
  bytes.set(message, 4)
  return bytes
}
