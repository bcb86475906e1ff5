import { networkOf, plainAddress } from '../../io/addresses/index.js'
import { SspiError } from '../../status/index.js'
import type { HttpServerLimits } from './options.js'

/** An authentication under way. */
export class GateEntry {
  /** What counts as the client's address: of IPv6 its network. */
  readonly network: string
  readonly #gate: GateKeeper
  readonly #milliseconds: number
  #timer: NodeJS.Timeout | undefined
  #end: (reason: SspiError) => void = () => {}

  constructor(gate: GateKeeper, network: string, milliseconds: number) {
    this.#gate = gate
    this.network = network
    this.#milliseconds = milliseconds
  }

  /** Has all the time again, and the last place among those that wait. @param end - Called when it must go; it has left then. */
  goOn(end: (reason: SspiError) => void): void {
    this.#end = end
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.end(new SspiError('SEC_E_CONTEXT_EXPIRED', `HTTP: nothing came of it in ${this.#milliseconds / 1000} s`))
    }, this.#milliseconds)
    this.#timer.unref()
    this.#gate.add(this)
  }

  /** It is over, whichever way. Calling it again is harmless. */
  leave(): void {
    clearTimeout(this.#timer)
    this.#gate.remove(this)
  }

  /** It must go. */
  end(reason: SspiError): void {
    this.leave()
    this.#end(reason)
  }
}

/** Where entries are kept. */
interface GateKeeper {
  add(entry: GateEntry): void
  remove(entry: GateEntry): void
}

/**
 * Counts the authentications that are under way, and ends what takes too long. When there are too many, the one goes that has waited
 * longest: clients answer at once, and who floods does not.
 */
export class HalfOpenGate {
  readonly #limits: HttpServerLimits
  /** In the order of entry. */
  readonly #entries = new Set<GateEntry>()
  readonly #byNetwork = new Map<string, Set<GateEntry>>()
  readonly #keeper: GateKeeper = {
    add: (entry) => this.#add(entry),
    remove: (entry) => this.#remove(entry),
  }

  constructor(limits: HttpServerLimits) {
    this.#limits = limits
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Lets one in.
   *
   * @param address - The client's.
   * @param end - As of {@link GateEntry.goOn}.
   */
  enter(address: string, end: (reason: SspiError) => void): GateEntry {
    const { maxHalfOpen, maxHalfOpenPerAddress, authenticationSeconds } = this.#limits
    const network = networkOf(plainAddress(address))
    const ofNetwork = this.#byNetwork.get(network)
    if (ofNetwork !== undefined && ofNetwork.size >= maxHalfOpenPerAddress) endFirst(ofNetwork)
    if (this.#entries.size >= maxHalfOpen) endFirst(this.#entries)
    const entry = new GateEntry(this.#keeper, network, authenticationSeconds * 1000)
    entry.goOn(end)
    return entry
  }

  /** Ends all of them. */
  close(): void {
    const reason = new SspiError('SEC_E_SHUTDOWN_IN_PROGRESS', 'HTTP: the authenticator was disposed')
    for (const entry of this.#entries) entry.end(reason)
  }

  #add(entry: GateEntry): void {
    this.#remove(entry)
    this.#entries.add(entry)
    const others = this.#byNetwork.get(entry.network)
    if (others === undefined) this.#byNetwork.set(entry.network, new Set([entry]))
    else others.add(entry)
  }

  #remove(entry: GateEntry): void {
    if (!this.#entries.delete(entry)) return
    const others = this.#byNetwork.get(entry.network)
    others?.delete(entry)
    if (others?.size === 0) this.#byNetwork.delete(entry.network)
  }
}

function endFirst(entries: ReadonlySet<GateEntry>): void {
  const [first] = entries
  first?.end(new SspiError('SEC_E_INSUFFICIENT_MEMORY', 'HTTP: too many authentications are under way'))
}
