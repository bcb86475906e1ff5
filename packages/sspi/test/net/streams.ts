import type { Duplex } from 'node:stream'
import { secureClient, secureServer, type SecureStream, type StreamLimits } from '../../src/net/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { passwordCredential, type SecurityFunctionTable } from '../../src/sspi/index.js'
import { pipePair } from './pair.js'
import { tinyInterface, type TinyOptions } from './tiny-package.js'

/** Options of both sides of a test. */
export interface PairOptions extends StreamLimits {
  readonly tiny?: TinyOptions
  readonly confidentiality?: boolean
  readonly password?: string
  readonly user?: string
  /** What goes only for one side. */
  readonly client?: Partial<Parameters<typeof secureClient>[1]>
  readonly server?: Partial<Parameters<typeof secureServer>[1]>
}

/** The options of each side, with the tiny package. */
export function tinySides(options: PairOptions = {}) {
  const { tiny, user = 'alice', password = 'secret', client, server, ...both } = options
  const credentials = passwordCredential({ user, password })
  return {
    client: { sspi: tinyInterface(tiny), package: 'Tiny', credentials, ...both, ...client },
    server: { sspi: tinyInterface(tiny), package: 'Tiny', ...both, ...server },
  } as const
}

/** Both ends of a secured stream over a pipe, with the pipe's ends. */
export async function securedPair(
  options: PairOptions = {},
): Promise<{ client: SecureStream; server: SecureStream; transports: readonly [Duplex, Duplex] }> {
  const sides = tinySides(options)
  const transports = pipePair()
  const [client, server] = await Promise.all([
    secureClient(transports[0], sides.client),
    secureServer(transports[1], sides.server),
  ])
  return { client, server, transports }
}

/** An interface with the real packages, and Alice's account. */
export function realInterface(): SecurityFunctionTable {
  return initSecurityInterface({ accounts: memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'secret' }]) })
}

/** Alice's credentials, right or wrong. */
export function alice(password = 'secret') {
  return passwordCredential({ user: 'CONTOSO\\alice', password })
}

/** All that a stream gives, to its end. Other than `for await`, it leaves the writing side alone. */
export async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** Bytes that tell where they stand. */
export function pattern(length: number, start = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) bytes[i] = ((start + i) * 2_654_435_761) >>> 24
  return bytes
}
