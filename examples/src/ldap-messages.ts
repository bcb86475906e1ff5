// As much of LDAP (RFC 4511) as an example of a bind needs: two requests, two answers.
import type { Socket } from 'node:net'
import { readBytes } from './read-bytes.js'

const MAX_LENGTH = 1 << 20
export const SUCCESS = 0
export const SASL_BIND_IN_PROGRESS = 14

/** One element of BER: a tag, a length, a content. */
export function element(tag: number, ...content: readonly (Uint8Array | string | number)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}

/** BindRequest with SASL, RFC 4511 §4.2. */
export function bindRequest(id: number, mechanism: string, token: Uint8Array): Buffer {
  const sasl = element(0xa3, element(0x04, mechanism), element(0x04, token))
  return element(0x30, element(0x02, id), element(0x60, element(0x02, 3), element(0x04, ''), sasl))
}

/** SearchRequest for one entry by its name, without its attributes (1.1), RFC 4511 §4.5.1. */
export function searchRequest(id: number, name: string): Buffer {
  const [base, never, none, no] = [element(0x0a, 0), element(0x0a, 0), element(0x02, 0), element(0x01, 0)]
  const limits = [base, never, none, none, no]
  const search = element(
    0x63,
    element(0x04, name),
    ...limits,
    element(0x87, 'objectClass'),
    element(0x30, element(0x04, '1.1')),
  )
  return element(0x30, element(0x02, id), search)
}

/** An element that was read, with what stands behind it. */
export interface Read {
  readonly tag: number
  readonly content: Buffer
  readonly rest: Buffer
}

/** How long the element is whose first six bytes, or fewer where it is shorter, these are. */
export function lengthOf(start: Uint8Array): { readonly header: number; readonly content: number } {
  const first = start[1] ?? 0
  const bytes = first < 0x80 ? [first] : [...start.subarray(2, 2 + (first & 0x7f))]
  const content = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (content > MAX_LENGTH) throw new Error(`LDAP: a message of ${content} bytes`)
  return { header: first < 0x80 ? 2 : 2 + bytes.length, content }
}

/** The element that some bytes begin with. */
export function readElement(bytes: Uint8Array): Read {
  const { header, content } = lengthOf(bytes)
  if (bytes.length < header + content) throw new Error('LDAP: an element is cut short')
  const all = Buffer.from(bytes)
  return { tag: all[0] ?? 0, content: all.subarray(header, header + content), rest: all.subarray(header + content) }
}

/** The elements within another, one behind the other. */
export function elementsOf(content: Uint8Array): readonly Read[] {
  const found: Read[] = []
  for (let rest = Buffer.from(content); rest.length > 0; rest = found.at(-1)!.rest as typeof rest) {
    found.push(readElement(rest))
  }
  return found
}

/** The result of a BindResponse, and the server's token. */
export function readBindResponse(message: Uint8Array): {
  readonly result: number
  readonly token: Uint8Array | undefined
} {
  const response = elementsOf(readElement(message).content)[1]
  const fields = elementsOf(response?.content ?? new Uint8Array())
  if (response?.tag !== 0x61) throw new Error('LDAP: no BindResponse')
  return { result: fields[0]?.content[0] ?? -1, token: fields.find(({ tag }) => tag === 0x87)?.content }
}

/** The name of the entry in a SearchResultEntry; `undefined` for anything else. */
export function readEntryName(message: Uint8Array): string | undefined {
  const response = elementsOf(readElement(message).content)[1]
  return response?.tag === 0x64 ? elementsOf(response.content)[0]?.content.toString() : undefined
}

/** The next message of a connection that is not protected yet. */
export async function readMessage(socket: Socket): Promise<Uint8Array> {
  const start = await readBytes(socket, 2)
  const more = start[1]! < 0x80 ? Buffer.alloc(0) : await readBytes(socket, start[1]! & 0x7f)
  const head = Buffer.concat([start, more])
  return Buffer.concat([head, await readBytes(socket, lengthOf(head).content)])
}

/** A buffer of the SASL layer: four bytes of length, and what is protected (RFC 4422 §3.7). */
export function frame(sealed: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(sealed.length)
  return Buffer.concat([length, sealed])
}

/** The content of the next such buffer. */
export async function readFrame(socket: Socket): Promise<Uint8Array> {
  const length = (await readBytes(socket, 4)).readUInt32BE()
  if (length > MAX_LENGTH) throw new Error(`SASL: a buffer of ${length} bytes`)
  return readBytes(socket, length)
}
