import { SspiError } from '../../status/index.js'

/**
 * What is asked of the order of received messages (RFC 2743 section 1.2.3). `in-order`: each once and none left out;
 * `no-replay`: none twice, whatever the order; `any`: nothing.
 */
export type SequencePolicy = 'in-order' | 'no-replay' | 'any'

/** How far behind the newest message one may come and still be told from a replay. */
const WINDOW = 64

/** Where a window stands, for a context that moves. */
export interface WindowPosition {
  /** The number expected next: one above the highest that came. */
  readonly next: number
  /** A bit for each of the 64 numbers below `next`, the nearest in the lowest bit: whether it came. */
  readonly seen: bigint
}

/** Watches over the numbers of received messages. A refused number changes nothing. */
export class SequenceWindow {
  readonly #policy: SequencePolicy
  #next: number
  /** The bits of `seen`: those of the 32 nearest numbers, and of the 32 before. */
  #near: number
  #far: number

  /** @param start - The first number of the peer, or where an imported context goes on. */
  constructor(policy: SequencePolicy, start: number | WindowPosition) {
    this.#policy = policy
    const { next, seen } = typeof start === 'number' ? { next: start, seen: 0n } : start
    this.#next = next
    this.#near = Number(seen & 0xffff_ffffn)
    this.#far = Number(seen >> 32n)
  }

  get position(): WindowPosition {
    return { next: this.#next, seen: (BigInt(this.#far) << 32n) | BigInt(this.#near) }
  }

  /** The number expected next. */
  get next(): number {
    return this.#next
  }

  /**
   * Takes the number of a message whose checksum was right.
   *
   * @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` for a replay, and with `in-order` for a message that came too early:
   *   GSS_S_DUPLICATE_TOKEN, GSS_S_OLD_TOKEN, GSS_S_UNSEQ_TOKEN and GSS_S_GAP_TOKEN of RFC 2743 section 1.2.3.
   */
  accept(sequence: number): void {
    if (this.#policy === 'any') return
    const ahead = sequence - this.#next
    if (ahead >= 0) {
      if (ahead > 0 && this.#policy === 'in-order') throw outOfSequence(sequence, this.#next, 'one is missing')
      // The bits move up by one for each number, and the lowest stands for this one.
      for (let moved = 0; moved <= Math.min(ahead, WINDOW); moved++) {
        this.#far = ((this.#far << 1) | (this.#near >>> 31)) >>> 0
        this.#near = (this.#near << 1) >>> 0
      }
      this.#near = (this.#near | 1) >>> 0
      this.#next = sequence + 1
      return
    }
    const behind = -ahead - 1
    if (behind >= WINDOW) throw outOfSequence(sequence, this.#next, 'it is too old to be told from a replay')
    const bit = (1 << (behind % 32)) >>> 0
    const seen = behind < 32 ? this.#near : this.#far
    if ((seen & bit) !== 0) throw outOfSequence(sequence, this.#next, 'it came before')
    if (this.#policy === 'in-order') throw outOfSequence(sequence, this.#next, 'it comes too late')
    if (behind < 32) this.#near = (seen | bit) >>> 0
    else this.#far = (seen | bit) >>> 0
  }
}

function outOfSequence(sequence: number, next: number, why: string): SspiError {
  return new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: message ${sequence}, ${next} expected: ${why}`)
}
