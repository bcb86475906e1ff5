import { RpcFault, uuidBytes, type RpcClient, type RpcInterface } from './dcerpc.js'

/** The endpoint mapper, C706 appendix O, on port 135. */
export const ENDPOINT_MAPPER: RpcInterface = { uuid: 'e1af8308-5d1f-11c9-91a4-08002b14a0fa', version: 3 }
/** The account database, MS-SAMR. */
export const SAMR: RpcInterface = { uuid: '12345778-1234-abcd-ef00-0123456789ac', version: 1 }

const NDR_TRANSFER = { uuid: '8a885d04-1ceb-11c9-9fe8-08002b104860', version: 2 } as const
const HANDLE_LENGTH = 20
const MAXIMUM_ALLOWED = 0x0200_0000
const MORE_ENTRIES = 0x105

/** Asks the endpoint mapper for the TCP port of an interface (ept_map). */
export async function portOf(mapper: RpcClient, wanted: RpcInterface): Promise<number> {
  const tower = towerOf(wanted)
  const stub = concat(
    ...[u32(1), new Uint8Array(16)], // a pointer to the object, which is no particular one
    ...[u32(2), u32(tower.length), u32(tower.length), aligned(tower)],
    ...[new Uint8Array(HANDLE_LENGTH), u32(1)],
  )
  const reply = await mapper.call(3, stub)
  // handle, number of towers, the array's three counts, one pointer, the tower's two lengths
  const found = reply.subarray(HANDLE_LENGTH + 4 + 12 + 4 + 8)
  const port = portIn(found, tower.length)
  if (port === undefined) throw new Error(`ept_map: no port for ${wanted.uuid}`)
  return port
}

/** C706 appendix L: floors for the interface, NDR, connection-oriented RPC, TCP, IP. */
function towerOf(wanted: RpcInterface): Uint8Array {
  const syntax = ({ uuid, version }: RpcInterface): Uint8Array =>
    floor(concat(Uint8Array.of(0x0d), uuidBytes(uuid), u16(version)), u16(0))
  return concat(
    ...[u16(5), syntax(wanted), syntax(NDR_TRANSFER)],
    ...[floor(Uint8Array.of(0x0b), u16(0)), floor(Uint8Array.of(0x07), u16(0)), floor(Uint8Array.of(0x09), u32(0))],
  )
}
function floor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return concat(u16(left.length), left, u16(right.length), right)
}

/** The tower that came has the same floors as the one that was sent: the port is in the fourth, big endian. */
function portIn(tower: Uint8Array, length: number): number | undefined {
  if (tower.length < length) return undefined
  const ipFloorLength = 2 + 1 + 2 + 4
  return viewOf(tower).getUint16(length - ipFloorLength - 2)
}

/** The calls of MS-SAMR that lead to a domain's accounts. */
export class SamrCalls {
  readonly #client: RpcClient

  /** @param client - bound to {@link SAMR}. */
  constructor(client: RpcClient) {
    this.#client = client
  }

  /** SamrConnect2: a handle of the server. */
  async connect(): Promise<Uint8Array> {
    return (await this.#call('SamrConnect2', 57, u32(0), u32(MAXIMUM_ALLOWED))).slice(0, HANDLE_LENGTH)
  }

  /** SamrLookupDomainInSamServer and SamrOpenDomain: a handle of the domain. */
  async openDomain(server: Uint8Array, name: string): Promise<Uint8Array> {
    const found = await this.#call('SamrLookupDomainInSamServer', 5, server, stringHeader(name), stringBody(name))
    const sid = found.subarray(4, -4) // behind the pointer, with its count; before the status
    return (await this.#call('SamrOpenDomain', 7, server, u32(MAXIMUM_ALLOWED), sid)).slice(0, HANDLE_LENGTH)
  }

  /** SamrEnumerateUsersInDomain: the answer as it came, names among it in UTF-16LE. */
  users(domain: Uint8Array): Promise<Uint8Array> {
    return this.#call('SamrEnumerateUsersInDomain', 13, domain, u32(0), u32(0), u32(0xffff))
  }

  /** SamrLookupNamesInDomain: the relative identifier of each. At most 1000 names. */
  async lookupNames(domain: Uint8Array, names: readonly string[]): Promise<readonly number[]> {
    const counts = [u32(names.length), u32(1000), u32(0), u32(names.length)]
    const reply = await this.#call(
      ...(['SamrLookupNamesInDomain', 17, domain, ...counts] as const),
      ...names.map(stringHeader),
      ...names.map(stringBody),
    )
    // count, pointer, the array's count; the array
    return Array.from(names, (_, at) => viewOf(reply).getUint32(12 + 4 * at, true))
  }

  async #call(name: string, operation: number, ...stub: readonly Uint8Array[]): Promise<Uint8Array> {
    const reply = await this.#client.call(operation, concat(...stub))
    const status = viewOf(reply).getUint32(reply.length - 4, true)
    if (status !== 0 && status !== MORE_ENTRIES) throw new RpcFault(name, status)
    return reply
  }
}

/** RPC_UNICODE_STRING: its lengths in bytes, and a pointer to what comes later. */
function stringHeader(text: string): Uint8Array {
  return concat(u16(2 * text.length), u16(2 * text.length), u32(1))
}
function stringBody(text: string): Uint8Array {
  return concat(u32(text.length), u32(0), u32(text.length), aligned(Buffer.from(text, 'utf16le')))
}

function aligned(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array(-bytes.length & 3))
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8)
}

function u32(value: number): Uint8Array {
  return concat(u16(value), u16(value >>> 16))
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
