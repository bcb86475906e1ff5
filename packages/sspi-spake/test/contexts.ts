import assert from 'node:assert/strict'
import { EffectRun, makeKdcReqBody, type Effectful, type KerberosKey, type PreauthContext } from 'sspi/kerberos'

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A piece of protocol that asks nobody, to its end. */
export function finish<T>(effects: Effectful<T>): T {
  const progress = new EffectRun(effects).step()
  assert.ok(progress.kind === 'value')
  return progress.value
}

/** Different bytes at each call, the same in each run. */
export function countingRandom(seed = 1): (length: number) => Uint8Array {
  let next = seed
  return (length) => Uint8Array.from({ length }, () => (next = (next * 73 + 11) % 65_521) & 0xff)
}

/** What a log-on gives to its method. */
export function contextOf(parts: {
  readonly initialKey: KerberosKey
  readonly body?: Uint8Array
  readonly random?: PreauthContext['random']
}): PreauthContext {
  const body = makeKdcReqBody({
    kdcOptions: 0,
    realm: 'TEST.EXAMPLE',
    till: new Date('2026-11-23T12:00:00Z'),
    nonce: 42,
    etype: [parts.initialKey.enctype],
  })
  return {
    methodData: [],
    body: parts.body === undefined ? body : { ...body, raw: parts.body },
    realmOptions: {},
    armorKey: undefined,
    // eslint-disable-next-line require-yield -- the key is there already
    *key() {
      return parts.initialKey
    },
    timestamp: () => ({ seconds: new Date('2026-11-22T12:00:00Z'), microseconds: 0 }),
    random: parts.random ?? countingRandom(),
  }
}
