import { fromHex, Reader, toHex, Writer } from '../bytes/index.js'
import { constantTimeEqual, hmac } from '../crypto/index.js'
import type { World } from '../sspi/index.js'
import { bytesOf } from './octets.js'
import type { DigestSettings } from './options.js'

/** By this, Windows' clients know a server that understands channel bindings: draft-santesson-digestbind-01. */
export const UPGRADED = '+Upgraded+v1'

const KEY_LENGTH = 32
const RANDOM_LENGTH = 16
const MAC_LENGTH = 16
const BODY_LENGTH = 8 + RANDOM_LENGTH
const DIGITS = new RegExp(`^[0-9a-f]{${2 * (BODY_LENGTH + MAC_LENGTH)}}$`)

/** What a nonce is for: one that is good for one thing is good for nothing else. */
export type NoncePurpose = 'http' | 'sasl' | `session ${string}`

/** What can be told of a nonce. */
export interface CheckedNonce {
  /** It was made here, for this purpose, and is not too old. */
  readonly fresh: boolean
  /** When it ends. */
  readonly until: Date
}

/**
 * Makes nonces, and knows its own again without having kept any: each holds its time and a MAC. So a server spends no memory on
 * whoever only asks for a challenge, and several servers with one key take each other's.
 */
export class NonceMint {
  readonly #settings: DigestSettings
  // It lives as long as the package, so nobody wipes it: whoever reads this memory could make nonces, and no proofs.
  #key: Uint8Array | undefined

  constructor(settings: DigestSettings) {
    this.#settings = settings
    this.#key = settings.nonceKey
  }

  /** A new nonce: octets. It draws 16 random bytes, and 32 before the first one when no key was given. */
  make(purpose: NoncePurpose, world: World): string {
    const body = new Writer(BODY_LENGTH)
      .u64be(BigInt(world.now().getTime()))
      .bytes(world.random(RANDOM_LENGTH))
      .finish()
    return UPGRADED + toHex(body) + toHex(this.#mac(body, purpose, world))
  }

  /** What a client's nonce is worth. */
  check(nonce: string, purpose: NoncePurpose, world: World): CheckedNonce {
    const digits = nonce.slice(UPGRADED.length)
    if (!nonce.startsWith(UPGRADED) || !DIGITS.test(digits)) return UNKNOWN
    const bytes = fromHex(digits)
    const body = bytes.subarray(0, BODY_LENGTH)
    if (!constantTimeEqual(bytes.subarray(BODY_LENGTH), this.#mac(body, purpose, world))) return UNKNOWN
    const issued = Number(new Reader(body).u64be('nonce'))
    const until = new Date(issued + 1000 * this.#settings.nonceLifetimeSeconds)
    return { fresh: world.now() <= until, until }
  }

  /** What goes with every challenge as `opaque`: clients give it back with each of its nonces. Octets. */
  opaque(world: World): string {
    return toHex(this.#mac(new Uint8Array(0), 'http', world))
  }

  #mac(body: Uint8Array, purpose: NoncePurpose, world: World): Uint8Array {
    this.#key ??= world.random(KEY_LENGTH)
    const { realm } = this.#settings
    return hmac('sha256', this.#key, bytesOf(`${purpose}:${realm}:`), body).subarray(0, MAC_LENGTH)
  }
}

const UNKNOWN: CheckedNonce = { fresh: false, until: new Date(0) }
