import { MOST_REQUEST_BYTES, type KdcHandler } from '../../kdc/index.js'
import type { KdcService } from '../kdc/index.js'
import type { KdcSource } from './client-address.js'
import { Gate, type KdcRefusal } from './gate.js'
import { TcpListener } from './tcp-listener.js'
import { UdpListener } from './udp-listener.js'

/** Options of {@link listenKdc}. */
export interface KdcListenOptions {
  /** What answers the requests. */
  readonly answer: KdcHandler
  /** IP addresses to listen on; names are not looked up. Default: `127.0.0.1`, and `::1` where there is IPv6. */
  readonly addresses?: readonly string[] | undefined
  /** The port of the KDC, for UDP and TCP; 0 for one that is free with both, on every address. Default 88. */
  readonly port?: number | undefined
  /** The port for changes of passwords, as `port`; `undefined`, the default, for none. The usual one is 464. */
  readonly kpasswdPort?: number | undefined
  /** Which of the two. Default both. */
  readonly transports?: readonly ('udp' | 'tcp')[] | undefined
  /** The realm that errors of the listener itself name (KRB_ERR_RESPONSE_TOO_BIG, …) where the request names none. Default: empty. */
  readonly realm?: string | undefined
  /** A longer request is refused, in bytes. Default 65,536, as the embedded KDC. */
  readonly maxRequestBytes?: number | undefined
  /** A longer reply to a datagram becomes KRB_ERR_RESPONSE_TOO_BIG, in bytes. Default 4,096. */
  readonly maxDatagramReplyBytes?: number | undefined
  /** So many datagrams are answered at once, on each socket; beyond, they are dropped. Default 1,000. */
  readonly maxPendingDatagrams?: number | undefined
  /** So many connections there are at once, on each socket; beyond, the one that is idle longest goes. Default 1,000. */
  readonly maxConnections?: number | undefined
  /** The same for the connections from one address. Default 100. */
  readonly maxConnectionsPerAddress?: number | undefined
  /** So many requests of one address are answered in a second; `Infinity` for no limit. Default 1,000. */
  readonly maxRequestsPerSecond?: number | undefined
  /**
   * How long a client of TCP may take to send a request, in milliseconds, from the connection or the last reply on; and to
   * take a reply. Default 10,000.
   */
  readonly clientTimeoutMilliseconds?: number | undefined
  /** Told of what was not taken, and why. */
  readonly onRefused?: ((reason: KdcRefusal, from: KdcSource) => void) | undefined
  /** Told what `answer` has thrown; the client gets no reply. Default: nobody is. */
  readonly onFailure?: ((error: unknown, from: KdcSource) => void) | undefined
}

interface Listener {
  readonly port: number
  close(cut: Promise<void>): Promise<void>
}

/**
 * Listens for requests to a KDC over UDP and TCP, and hands them to `answer`.
 *
 * ```ts
 * const listeners = await listenKdc({ answer: kdc.handle, port: 0, kpasswdPort: 0 })
 * console.log(`kdc = 127.0.0.1:${listeners.port}`)
 * await listeners.close()
 * ```
 *
 * @returns once all of it listens.
 * @throws the system's error (`EADDRINUSE`, `EACCES`) when it cannot; nothing listens then.
 */
export async function listenKdc(options: KdcListenOptions): Promise<KdcListeners> {
  const { port = 88, kpasswdPort, maxRequestsPerSecond = 1_000 } = options
  const gate = new Gate({ ...options, maxRequestsPerSecond })
  const kdc = await listenService('kdc', port, gate, options)
  try {
    const kpasswd = kpasswdPort === undefined ? [] : await listenService('kpasswd', kpasswdPort, gate, options)
    return new KdcListeners(kdc, kpasswd)
  } catch (error) {
    await closeAll(kdc, 0)
    throw error
  }
}

/** Made by {@link listenKdc}. */
export class KdcListeners implements AsyncDisposable {
  /** The port of the KDC. */
  readonly port: number
  /** The port for changes of passwords, if there is one. */
  readonly kpasswdPort: number | undefined
  readonly #all: readonly Listener[]
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(kdc: readonly Listener[], kpasswd: readonly Listener[]) {
    this.port = kdc[0]?.port ?? 0
    this.kpasswdPort = kpasswd[0]?.port
    this.#all = [...kdc, ...kpasswd]
  }

  /**
   * Takes nothing more and waits for what is being answered, but not for long. Calling it again waits for the first call.
   *
   * @param graceMilliseconds - After so long the rest is cut off. Default 2,000.
   * @returns once every socket is closed.
   */
  async close(graceMilliseconds = 2_000): Promise<void> {
    this.#closed ??= closeAll(this.#all, graceMilliseconds)
    await this.#closed
  }

  /** As {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A free port is free for UDP by chance: so often it is tried. */
const MOST_TRIES = 20

async function listenService(
  service: KdcService,
  port: number,
  gate: Gate,
  options: KdcListenOptions,
): Promise<readonly Listener[]> {
  for (let tries = 1; ; tries++) {
    const listeners: Listener[] = []
    try {
      for (const open of openers(service, gate, options)) {
        const listener = await open(listeners[0]?.port ?? port)
        if (listener !== undefined) listeners.push(listener)
      }
      return listeners
    } catch (error) {
      await closeAll(listeners, 0)
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (port !== 0 || !taken || tries === MOST_TRIES) throw error
    }
  }
}

type Opener = (port: number) => Promise<Listener | undefined>

/** What is to be opened for a service. */
function openers(service: KdcService, gate: Gate, options: KdcListenOptions): readonly Opener[] {
  const { answer, addresses, transports = ['tcp', 'udp'], realm = '' } = options
  const { maxRequestBytes = MOST_REQUEST_BYTES, clientTimeoutMilliseconds: clientMilliseconds = 10_000 } = options
  const { maxConnections = 1_000, maxConnectionsPerAddress = 100 } = options
  const { maxDatagramReplyBytes = 4_096, maxPendingDatagrams: maxPending = 1_000 } = options
  const common = { service, answer, gate, realm }
  const tcp = { ...common, maxRequestBytes, clientMilliseconds, maxConnections, maxConnectionsPerAddress }
  const udp = { ...common, maxDatagramReplyBytes, maxPending }
  return (addresses ?? ['127.0.0.1', '::1']).flatMap((address): Opener[] => {
    const open: Opener[] = []
    // TCP first: its free ports are fewer.
    if (transports.includes('tcp')) open.push((port) => TcpListener.listen(address, port, tcp))
    if (transports.includes('udp')) open.push((port) => UdpListener.listen(address, port, udp))
    return addresses === undefined && address === '::1' ? open.map(whereThereIsIpv6) : open
  })
}

/** A machine without IPv6 has no `::1`, which is no mistake unless somebody has asked for it. */
function whereThereIsIpv6(open: Opener): Opener {
  return (port) =>
    open(port).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL') return undefined
      throw error
    })
}

async function closeAll(listeners: readonly Listener[], graceMilliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const cut = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMilliseconds)
  })
  await Promise.all(listeners.map((listener) => listener.close(cut)))
  clearTimeout(timer)
}
