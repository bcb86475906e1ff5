import { createHash } from 'node:crypto'
import type { CurvePoint, CurvePointCons } from '@noble/curves/abstract/curve.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { SspiError } from 'sspi/core'

/** Whose side of SPAKE is computed. The KDC speaks first: T is its value, S the client's. */
export type SpakeRole = 'client' | 'kdc'

/**
 * A group of SPAKE, RFC 9588 section 12.2: a curve with two points that nobody knows the logarithms of, and a hash.
 *
 * Scalars and elements are bytes as the group writes them. Scalars become big integers on the way, which cannot be wiped.
 */
export interface SpakeGroup {
  /** In messages. */
  readonly number: number
  /** As krb5.conf has it. */
  readonly name: string
  /** The length of a scalar, and of the secret made of the long-term key (the multiplier length). */
  readonly scalarBytes: number
  /** The length of an element. */
  readonly elementBytes: number
  /** The hash of the parts, one behind the other. */
  hash(...parts: readonly Uint8Array[]): Uint8Array
  /** Draws a secret scalar. The caller wipes it. */
  randomScalar(random: (length: number) => Uint8Array): Uint8Array
  /** The value to send: T of the KDC, S of the client. */
  publicValue(role: SpakeRole, scalar: Uint8Array, secret: Uint8Array): Uint8Array
  /**
   * The element that both sides come to, if they know the same secret: K. The caller wipes it.
   *
   * @param role - Our own.
   * @param value - The other side's.
   * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is no element, or one that leads to nothing.
   */
  sharedValue(role: SpakeRole, scalar: Uint8Array, secret: Uint8Array, value: Uint8Array): Uint8Array
}

interface GroupFacts<P extends CurvePoint<bigint, P>> {
  readonly number: number
  readonly name: string
  readonly Point: CurvePointCons<P>
  readonly littleEndian: boolean
  readonly cofactor: bigint
  readonly scalarBytes: number
  readonly elementBytes: number
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly M: string
  readonly N: string
}

/** More random bytes than a scalar has, so that none of them is likelier than another. */
const SURPLUS_BYTES = 16

function groupOf<P extends CurvePoint<bigint, P>>(facts: GroupFacts<P>): SpakeGroup {
  const { number, name, Point, cofactor, scalarBytes, elementBytes } = facts
  const order = Point.Fn.ORDER
  // The KDC blinds by M, the client by N.
  const blinds = { kdc: Point.fromHex(facts.M), client: Point.fromHex(facts.N) }
  const numberOf = (bytes: Uint8Array): bigint => integerOf(facts.littleEndian ? bytes.toReversed() : bytes)
  const bytesOf = (value: bigint): Uint8Array => {
    const bytes = bytesOfInteger(value, scalarBytes)
    return facts.littleEndian ? bytes.reverse() : bytes
  }
  const multiple = (point: P, scalar: bigint): P => (scalar === 0n ? Point.ZERO : point.multiply(scalar))
  const blindOf = (role: SpakeRole, secret: Uint8Array): P => multiple(blinds[role], numberOf(secret) % order)
  const elementOf = (bytes: Uint8Array): P => {
    try {
      if (bytes.length !== elementBytes) throw new TypeError(`${bytes.length} bytes instead of ${elementBytes}`)
      return Point.fromBytes(bytes)
    } catch (cause) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SPAKE: pubkey: no element of ${name}`, { cause })
    }
  }
  return {
    number,
    name,
    scalarBytes,
    elementBytes,
    hash: (...parts) => {
      const hash = createHash(facts.hash)
      for (const part of parts) hash.update(part)
      return new Uint8Array(hash.digest())
    },
    // A multiple of the cofactor, RFC 9588 section 12.2, so that what the other side sends cannot show anything of it.
    randomScalar: (random) => bytesOf(cofactor * (integerOf(random(scalarBytes + SURPLUS_BYTES)) % order)),
    publicValue: (role, scalar, secret) =>
      multiple(Point.BASE, numberOf(scalar) % order)
        .add(blindOf(role, secret))
        .toBytes(),
    sharedValue: (role, scalar, secret, value) => {
      const other = role === 'kdc' ? 'client' : 'kdc'
      const unblinded = elementOf(value).subtract(blindOf(other, secret)).clearCofactor()
      const shared = multiple(unblinded, (numberOf(scalar) / cofactor) % order)
      if (!shared.is0()) return shared.toBytes()
      throw new SspiError('SEC_E_INVALID_TOKEN', `SPAKE: pubkey: an element of ${name} that leads to nothing`)
    },
  }
}

/** The groups of RFC 9588 section 12.2, by number, in the order of preference. */
export const spakeGroups: ReadonlyMap<number, SpakeGroup> = new Map(
  [
    groupOf({
      number: 1,
      name: 'edwards25519',
      Point: ed25519.Point,
      littleEndian: true,
      cofactor: 8n,
      scalarBytes: 32,
      elementBytes: 32,
      hash: 'sha256',
      M: 'd048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf',
      N: 'd3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab',
    }),
    groupOf({
      number: 2,
      name: 'P-256',
      Point: p256.Point,
      littleEndian: false,
      cofactor: 1n,
      scalarBytes: 32,
      elementBytes: 33,
      hash: 'sha256',
      M: '02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f',
      N: '03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49',
    }),
    groupOf({
      number: 3,
      name: 'P-384',
      Point: p384.Point,
      littleEndian: false,
      cofactor: 1n,
      scalarBytes: 48,
      elementBytes: 49,
      hash: 'sha384',
      M: '030ff0895ae5ebf6187080a82d82b42e2765e3b2f8749c7e05eba366434b363d3dc36f15314739074d2eb8613fceec2853',
      N: '02c72cf2e390853a1c1c4ad816a62fd15824f56078918f43f922ca21518f9c543bb252c5490214cf9aa3f0baab4b665c10',
    }),
    groupOf({
      number: 4,
      name: 'P-521',
      Point: p521.Point,
      littleEndian: false,
      cofactor: 1n,
      scalarBytes: 66,
      elementBytes: 67,
      hash: 'sha512',
      M:
        '02003f06f38131b2ba2600791e82488e8d20ab889af753a41806c5db18d37d85608cfae06b82e4a72cd744c719193562a653ea1f119eef9356907e' +
        'dc9b56979962d7aa',
      N:
        '0200c7924b9ec017f3094562894336a53c50167ba8c5963876880542bc669e494b2532d76c5b53dfb349fdf69154b9e0048c58a42e8ed04cef052a' +
        '3bc349d95575cd25',
    }),
  ].map((group) => [group.number, group]),
)

/** The groups of names as krb5.conf has them (`spake_preauth_groups`), in that order; names that are unknown are left out. */
export function spakeGroupsByName(names: readonly string[]): readonly SpakeGroup[] {
  const all = [...spakeGroups.values()]
  return names.flatMap((name) => all.filter((group) => group.name.toLowerCase() === name.toLowerCase()))
}

function integerOf(bigEndian: Uint8Array): bigint {
  let hex = '0x0'
  for (const byte of bigEndian) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

function bytesOfInteger(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return bytes
}
