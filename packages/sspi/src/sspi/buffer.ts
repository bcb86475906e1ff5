import {
  SECBUFFER_ATTRMASK,
  SECBUFFER_READONLY,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_VERSION,
} from './constants/index.js'

const NOTHING = new Uint8Array(0)

/**
 * One typed piece of memory, as in SSPI: the caller's bytes with what they are for. The library works on them in
 * place and never keeps them after a call.
 *
 * `pvBuffer` is the memory; `cbBuffer` says how much of it counts: on the way in the room (or the length of the
 * input), on the way out the length of what was written. Restore `cbBuffer` before using a buffer for output again.
 */
export class SecBuffer {
  /** One of `SECBUFFER_…`, with the attributes (`SECBUFFER_READONLY`, …) in its top bits. */
  bufferType: number
  /** The memory, or `undefined`: then the package allocates what it writes. */
  pvBuffer: Uint8Array | undefined
  /** How many bytes of the memory count. */
  cbBuffer: number

  /**
   * @param bufferType - `SECBUFFER_…`, with attributes or'ed in.
   * @param memory - the bytes (a view, not copied), or a number of bytes to allocate, or nothing.
   */
  constructor(bufferType: number, memory?: Uint8Array | number) {
    this.bufferType = bufferType >>> 0
    this.pvBuffer = typeof memory === 'number' ? new Uint8Array(memory) : memory
    this.cbBuffer = this.pvBuffer?.length ?? 0
  }

  /** The type without its attributes. */
  get type(): number {
    return (this.bufferType & ~SECBUFFER_ATTRMASK) >>> 0
  }

  /** Whether the caller forbids changing it; it is neither encrypted nor signed (`SECBUFFER_READONLY`). */
  get readOnly(): boolean {
    return (this.bufferType & SECBUFFER_READONLY) !== 0
  }

  /** Whether it goes into the signature unchanged and unencrypted (`SECBUFFER_READONLY_WITH_CHECKSUM`). */
  get readOnlyWithChecksum(): boolean {
    return (this.bufferType & SECBUFFER_READONLY_WITH_CHECKSUM) !== 0
  }

  /**
   * The bytes that count: a view of the first `cbBuffer` bytes.
   * @throws `TypeError` when `cbBuffer` is not a length within the memory: less than was meant would be worked on.
   */
  get bytes(): Uint8Array {
    const { pvBuffer, cbBuffer } = this
    if (pvBuffer === undefined) return NOTHING
    if (!(Number.isInteger(cbBuffer) && cbBuffer >= 0 && cbBuffer <= pvBuffer.length)) {
      throw new TypeError(`SecBuffer: cbBuffer is ${cbBuffer}, the memory has ${pvBuffer.length} bytes`)
    }
    // Never a Buffer, whose `slice` would be a view where every other array's is a copy.
    return new Uint8Array(pvBuffer.buffer, pvBuffer.byteOffset, cbBuffer)
  }

  /** Makes this buffer stand for other bytes (a view), as packages do with `SECBUFFER_EXTRA` and the like. */
  become(bufferType: number, bytes: Uint8Array | undefined, cbBuffer: number = bytes?.length ?? 0): void {
    this.bufferType = bufferType >>> 0
    this.pvBuffer = bytes
    this.cbBuffer = cbBuffer
  }
}

/** An ordered list of buffers: what every call that takes or fills memory is given. The order is the caller's. */
export class SecBufferDesc {
  /** `SECBUFFER_VERSION`; there is no other. */
  readonly ulVersion = SECBUFFER_VERSION
  /** In the order that the caller likes. */
  readonly buffers: readonly SecBuffer[]

  constructor(buffers: readonly SecBuffer[]) {
    this.buffers = buffers
  }

  /** How many buffers there are. */
  get cBuffers(): number {
    return this.buffers.length
  }

  /** The first buffer of a type (attributes aside), or `undefined`. */
  find(type: number): SecBuffer | undefined {
    for (const buffer of this.buffers) {
      if (buffer.type === type) return buffer
    }
    return undefined
  }
}
