import { fipsEnabled } from '../fips.js'
import { MODULE_TEXT } from './module-text.js'

/** What the module exports; packages/sspi/kernel/index.ts says what each does. */
export interface KernelExports {
  prepareKeys(hash: number, cipherKeyBytes: number, macKeyBytes: number): void
  digest(hash: number, length: number): void
  mac(hash: number, length: number): void
  outerMac(hash: number): void
  checkMac(hash: number, length: number, macBytes: number): number
  deriveKey(keyBytes: number): void
  macAndEncrypt(hash: number, rounds: number, length: number, macBytes: number): void
  decryptAndCheck(hash: number, rounds: number, length: number, macBytes: number): number
  encryptThenMac(hash: number, rounds: number, length: number, macBytes: number): void
  checkThenDecrypt(hash: number, rounds: number, length: number, macBytes: number): number
  prepareGcm(keyBytes: number, rounds: number): void
  sealGcm(rounds: number, associatedBytes: number, length: number): void
  openGcm(rounds: number, associatedBytes: number, length: number): number
  rc4(length: number): void
}

/** Places in the kernel's memory, and lengths. */
export interface KernelPlaces {
  /** From here on everything is secret, and zero between calls. */
  readonly SECRETS: number
  readonly KEYS: number
  readonly KEYS_BYTES: number
  readonly INNER_STATE: number
  readonly INPUT: number
  readonly INPUT_BYTES: number
  readonly OUTPUT: number
  readonly SENT_MAC: number
  readonly MESSAGE: number
  /** The longest message. */
  readonly MESSAGE_BYTES: number
  /** What may be written behind a message. */
  readonly BEHIND_BYTES: number
}

/** The kernel: its functions, its places, and all of its memory, which never moves. */
export interface Kernel extends KernelExports, KernelPlaces {
  readonly bytes: Uint8Array
}

let loaded: Kernel | 'none' | undefined
let switchedOn = true

/**
 * The kernel, which is compiled when it is wanted first. `undefined` where there is no WebAssembly with vectors (`--jitless`), and
 * in FIPS mode, where nothing but the approved module may calculate: all is done by `node:crypto` then.
 */
export function kernel(): Kernel | undefined {
  if (!switchedOn || fipsEnabled()) return undefined
  loaded ??= load() ?? 'none'
  return loaded === 'none' ? undefined : loaded
}

/** The kernel for keys that it has prepared before: there it is, and it costs nothing to ask. */
export function sameKernel(): Kernel | undefined {
  return loaded === 'none' || !switchedOn ? undefined : loaded
}

/** Switches the kernel off, or on again, so that the tests can compare. It is not behind the room's door. */
export function switchKernel(on: boolean): void {
  switchedOn = on
}

/** What is used of WebAssembly, for which there are no types without those of a browser. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

type Exported = KernelExports & { readonly [P in keyof KernelPlaces]: { readonly value: number } } & {
  readonly memory: { readonly buffer: ArrayBuffer }
}

function load(): Kernel | undefined {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyApi }
  if (WebAssembly === undefined) return undefined
  let exported: Exported
  try {
    const module = new WebAssembly.Module(Buffer.from(MODULE_TEXT, 'base64'))
    exported = new WebAssembly.Instance(module).exports as Exported // packages/sspi/kernel/index.ts has just these
  } catch {
    return undefined // no vectors, or the embedder forbids WebAssembly
  }
  const { memory, ...functionsAndPlaces } = exported
  return {
    ...functionsAndPlaces,
    SECRETS: exported.SECRETS.value,
    KEYS: exported.KEYS.value,
    KEYS_BYTES: exported.KEYS_BYTES.value,
    INNER_STATE: exported.INNER_STATE.value,
    INPUT: exported.INPUT.value,
    INPUT_BYTES: exported.INPUT_BYTES.value,
    OUTPUT: exported.OUTPUT.value,
    SENT_MAC: exported.SENT_MAC.value,
    MESSAGE: exported.MESSAGE.value,
    MESSAGE_BYTES: exported.MESSAGE_BYTES.value,
    BEHIND_BYTES: exported.BEHIND_BYTES.value,
    bytes: new Uint8Array(memory.buffer),
  }
}
