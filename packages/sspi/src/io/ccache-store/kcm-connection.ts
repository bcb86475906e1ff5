import { stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { Reader, Writer } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'

/** What the daemon is asked for: the numbers of Heimdal's `kcm.h`, and MIT's two of its own. */
export const KcmOperation = {
  GEN_NEW: 3,
  INITIALIZE: 4,
  DESTROY: 5,
  STORE: 6,
  GET_PRINCIPAL: 8,
  GET_CRED_UUID_LIST: 9,
  GET_CRED_BY_UUID: 10,
  GET_CACHE_UUID_LIST: 18,
  GET_CACHE_BY_UUID: 19,
  GET_DEFAULT_CACHE: 20,
  SET_DEFAULT_CACHE: 21,
  GET_KDC_OFFSET: 22,
  SET_KDC_OFFSET: 23,
  GET_CRED_LIST: 13_001,
  REPLACE: 13_002,
} as const
export type KcmOperation = (typeof KcmOperation)[keyof typeof KcmOperation]

/** What the daemon answers with instead of a reply: codes of the error table `krb5`. */
export const KcmError = {
  NOTFOUND: -1_765_328_243,
  END: -1_765_328_242,
  IO: -1_765_328_191,
  FCC_NOFILE: -1_765_328_189,
  FCC_INTERNAL: -1_765_328_188,
  NOSUPP: -1_765_328_137,
} as const

/** The daemon has refused, and said why. */
export class KcmRefusal extends Error {
  override readonly name = 'KcmRefusal'
  readonly code: number

  constructor(operation: KcmOperation, code: number) {
    const words = Object.entries(KcmError).find(([, number]) => number === code)?.[0]
    super(`${nameOf(operation)} is answered with error ${code}${words === undefined ? '' : ` (KRB5_CC_${words})`}`)
    this.code = code
  }
}

/** A longer reply is refused before it is read, as MIT's clients do. */
const MOST_REPLY_BYTES = 10 * 1024 * 1024
/** For how long all that is said on one connection may take. */
const LONGEST_MILLISECONDS = 10_000
const MAJOR_VERSION = 2
const MINOR_VERSION = 0
/** Length, and a status of the transport. */
const HEADER_LENGTH = 8

interface Waiting {
  readonly resolve: (reply: Uint8Array) => void
  readonly reject: (reason: unknown) => void
}

/**
 * A connection to a KCM daemon: one request after the other, each with its reply.
 *
 * A request is its length (4 bytes), the version (2 bytes), the operation (2 bytes), and its parameters; a reply is its
 * length, a status of the transport (4 bytes), the daemon's status (4 bytes), and the rest. Every number is big endian.
 */
export class KcmConnection implements Disposable {
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  /** First the length alone, then the whole reply. */
  #reply = new Uint8Array(4)
  #at = 0
  #waiting: Waiting | undefined
  #failure: Error | undefined

  /**
   * Connects to a daemon's socket, which must be root's or this user's, as whoever answers there gets to see tickets.
   *
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when there is none.
   */
  static async open(path: string, timeoutMilliseconds = LONGEST_MILLISECONDS): Promise<KcmConnection> {
    await checkOwner(path)
    const connection = new KcmConnection(path, timeoutMilliseconds)
    await connection.#connected
    return connection
  }

  readonly #connected: Promise<void>

  private constructor(path: string, timeoutMilliseconds: number) {
    const socket = connect({ path })
    this.#socket = socket
    this.#connected = new Promise((resolve, reject) => {
      this.#waiting = { resolve: () => {}, reject }
      socket.once('connect', () => {
        this.#waiting = undefined
        resolve()
      })
    })
    this.#timer = setTimeout(() => this.#fail(new Error(`no answer in ${timeoutMilliseconds} ms`)), timeoutMilliseconds)
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the daemon has hung up')))
  }

  /**
   * Asks, and waits for the reply.
   *
   * @param parameters - In their order. They are not kept.
   * @returns what stands behind the status; it may hold keys, and is the caller's.
   * @throws {@link KcmRefusal} when the daemon says no; any other error when the connection is of no use any more.
   */
  async call(operation: KcmOperation, ...parameters: readonly Uint8Array[]): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure
    const length = parameters.reduce((sum, part) => sum + part.length, 4)
    const request = new Writer(4 + length).u32be(length).u8(MAJOR_VERSION).u8(MINOR_VERSION).u16be(operation)
    for (const part of parameters) request.bytes(part)
    const bytes = request.finish()
    const whole = await new Promise<Uint8Array>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes, () => wipe(bytes))
    })
    const reply = new Reader(whole)
    for (const what of ['status of the transport', 'status']) {
      const code = reply.u32be(what) | 0
      if (code !== 0) throw new KcmRefusal(operation, code)
    }
    return whole.subarray(HEADER_LENGTH)
  }

  /** Hangs up. */
  [Symbol.dispose](): void {
    this.#fail(new Error('hung up'))
  }

  #take(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0 && this.#failure === undefined) {
      const part = rest.subarray(0, this.#reply.length - this.#at)
      if (this.#waiting === undefined) return this.#fail(new Error('more than what was asked for'))
      this.#reply.set(part, this.#at)
      this.#at += part.length
      rest = rest.subarray(part.length)
      if (this.#at === this.#reply.length) this.#filled(this.#waiting)
    }
    // It may have held keys.
    chunk.fill(0)
  }

  /** The length has come, or all of the reply. */
  #filled({ resolve }: Waiting): void {
    const filled = this.#reply
    this.#at = 0
    if (filled.length > 4) {
      this.#waiting = undefined
      this.#reply = new Uint8Array(4)
      return resolve(filled.subarray(4))
    }
    const announced = new Reader(filled).u32be('length')
    if (announced > MOST_REPLY_BYTES) {
      return this.#fail(new Error(`a reply of ${announced} bytes, ${MOST_REPLY_BYTES} allowed`))
    }
    this.#reply = new Uint8Array(HEADER_LENGTH + announced)
    this.#reply.set(filled)
    this.#at = 4
  }

  #fail(reason: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = reason
    clearTimeout(this.#timer)
    this.#socket.destroy()
    wipe(this.#reply)
    this.#waiting?.reject(reason)
  }
}

async function checkOwner(path: string): Promise<void> {
  const { uid } = await stat(path)
  const user = process.geteuid?.()
  if (user === undefined || uid === 0 || uid === user) return
  throw new SspiError('SEC_E_NO_CREDENTIALS', `${path}: it belongs to user ${uid}, not to ${user}`)
}

function nameOf(operation: KcmOperation): string {
  return Object.entries(KcmOperation).find(([, number]) => number === operation)?.[0] ?? `operation ${operation}`
}
