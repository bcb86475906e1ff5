import type { DerReader, DerWriter } from '../../bytes/index.js'
import { contextTag, Tag } from '../../bytes/index.js'
import { listReader, listWriter } from './fields.js'
import { Limit } from './limits.js'

/** AlgorithmIdentifier, RFC 5280 section 4.1.1.2, as OTP and PKINIT have it. */
export interface AlgorithmIdentifier {
  /** The object identifier in its dotted form. */
  readonly algorithm: string
  /** One element, whatever the algorithm takes, with its header. */
  readonly parameters?: Uint8Array | undefined
}

/** Reads an AlgorithmIdentifier, RFC 5280 section 4.1.1.2. */
export function readAlgorithmIdentifier(reader: DerReader, what = 'AlgorithmIdentifier'): AlgorithmIdentifier {
  return reader.within(Tag.SEQUENCE, what, (fields) => readAlgorithmFields(fields, what))
}

/** Writes an AlgorithmIdentifier, RFC 5280 section 4.1.1.2. */
export function writeAlgorithmIdentifier(writer: DerWriter, value: AlgorithmIdentifier): void {
  const mark = writer.mark()
  writeAlgorithmFields(writer, value)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** SEQUENCE OF AlgorithmIdentifier: at most 64. */
export const readAlgorithmIdentifiers = listReader(
  'SEQUENCE OF AlgorithmIdentifier',
  Limit.ALGORITHMS,
  readAlgorithmIdentifier,
)

/** SEQUENCE OF AlgorithmIdentifier. */
export const writeAlgorithmIdentifiers = listWriter(writeAlgorithmIdentifier)

/** Reads an AlgorithmIdentifier under `[number] IMPLICIT`, if it is there. */
export function readImplicitAlgorithm(
  fields: DerReader,
  number: number,
  what: string,
): AlgorithmIdentifier | undefined {
  return fields.optional(contextTag(number), what, (inner) => readAlgorithmFields(inner, what))
}

/** Writes an AlgorithmIdentifier under `[number] IMPLICIT`, if there is one. */
export function writeImplicitAlgorithm(
  writer: DerWriter,
  number: number,
  value: AlgorithmIdentifier | undefined,
): void {
  if (value !== undefined) writer.within(contextTag(number), () => writeAlgorithmFields(writer, value))
}

function readAlgorithmFields(fields: DerReader, what: string): AlgorithmIdentifier {
  const algorithm = fields.oid(`${what}: algorithm`)
  const parameters = fields.hasMore ? fields.readTlv(`${what}: parameters`).whole : undefined
  return { algorithm, parameters }
}

function writeAlgorithmFields(writer: DerWriter, { algorithm, parameters }: AlgorithmIdentifier): void {
  if (parameters !== undefined) writer.raw(parameters)
  writer.oid(algorithm)
}
