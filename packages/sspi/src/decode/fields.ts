import { Reader, toHex } from '../bytes/index.js'
import { hexNumber } from './names.js'
import type { About, DecodedNode, Scope } from './node.js'

/** Reads a flat structure field by field and writes a node for each: reading and describing in one go. */
export class Fields {
  readonly #bytes: Uint8Array
  readonly #reader: Reader
  readonly #scope: Scope
  readonly #nodes: DecodedNode[]

  /** @param nodes - Where the nodes go, those of the fields before a failure included. */
  constructor(bytes: Uint8Array, scope: Scope, nodes: DecodedNode[]) {
    this.#bytes = bytes
    this.#reader = new Reader(bytes)
    this.#scope = scope
    this.#nodes = nodes
  }

  get offset(): number {
    return this.#reader.offset
  }

  get remaining(): number {
    return this.#reader.remaining
  }

  u8(label: string, meaning?: (value: number) => string | undefined): number {
    return this.#number(label, 1, (reader) => reader.u8(label), String, meaning)
  }

  u16le(label: string, meaning?: (value: number) => string | undefined): number {
    return this.#number(label, 2, (reader) => reader.u16le(label), String, meaning)
  }

  u32le(label: string, meaning?: (value: number) => string | undefined): number {
    return this.#number(
      label,
      4,
      (reader) => reader.u32le(label),
      (value) => hexNumber(value, 8),
      meaning,
    )
  }

  u64le(label: string, meaning: (value: bigint) => string | undefined): bigint {
    const bytes = this.#reader.take(8, label)
    const value = new Reader(bytes).u64le(label)
    this.#nodes.push(this.#scope.node(label, bytes, { value: value.toString(), meaning: meaning(value) }))
    return value
  }

  /** A field of bytes, shown in hexadecimal unless `about` says otherwise. */
  bytes(label: string, length: number, about?: (bytes: Uint8Array) => About): Uint8Array {
    const bytes = this.#reader.take(length, label)
    this.#nodes.push(this.#scope.node(label, bytes, { value: toHex(bytes), ...about?.(bytes) }))
    return bytes
  }

  /** A field behind its own length in one to three bytes, most significant first, as TLS writes them (RFC 8446 section 3.4). */
  vector(label: string, lengthBytes: 1 | 2 | 3, about?: (content: Uint8Array) => About): Uint8Array {
    const start = this.#reader.offset
    let length = 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + this.#reader.u8(`${label}: length`)
    const content = this.#reader.take(length, label)
    const whole = this.#bytes.subarray(start, this.#reader.offset)
    this.#nodes.push(this.#scope.node(label, whole, { value: toHex(content), ...about?.(content) }))
    return content
  }

  /** A field that is a structure of its own. */
  structure(length: number, label: string, decode: (bytes: Uint8Array) => DecodedNode): void {
    this.#nodes.push(decode(this.#reader.take(length, label)))
  }

  #number(
    label: string,
    length: number,
    read: (reader: Reader) => number,
    write: (value: number) => string,
    meaning: ((value: number) => string | undefined) | undefined,
  ): number {
    const bytes = this.#reader.take(length, label)
    const value = read(new Reader(bytes))
    this.#nodes.push(this.#scope.node(label, bytes, { value: write(value), meaning: meaning?.(value) }))
    return value
  }
}
