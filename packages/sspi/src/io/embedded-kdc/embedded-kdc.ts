import { pbkdf2, randomBytes } from '../../crypto/index.js'
import {
  Kdc,
  type KdcAnswer,
  type KdcAsk,
  type KdcEffectName,
  type KdcEffects,
  type KdcEvent,
  type KdcHandler,
  type KdcPeer,
  type KdcPolicyOptions,
  type KdcPreauthMethod,
  type PrincipalDatabase,
} from '../../kdc/index.js'
import type { KdcQuery, KdcSender, ReplayCache } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { memoryReplayCache } from '../stores/index.js'
import { publish } from './publish-event.js'

/** Options of {@link embeddedKdc}. */
export interface EmbeddedKdcOptions {
  /** Its realm. */
  readonly realm: string
  /** Where its principals are. */
  readonly principals: PrincipalDatabase
  /** What it allows. Everything has a safe default. */
  readonly policy?: KdcPolicyOptions | undefined
  /** Kinds of pre-authentication beside the built-in ones, the best first; they go before those. Default: none. */
  readonly preauthMethods?: readonly KdcPreauthMethod[] | undefined
  /** Remembers authenticators, so that none is accepted twice. Default: in this process's memory. */
  readonly replays?: ReplayCache | undefined
  /** Told what happens. No event holds a secret. Default: nobody. */
  readonly onEvent?: ((event: KdcEvent) => void) | undefined
  /** The clock. Default: the system's. For tests. */
  readonly now?: (() => Date) | undefined
  /** Unpredictable bytes. Default: the system's. For tests. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

/**
 * A KDC within this process, for development and tests.
 *
 * ```ts
 * const kdc = embeddedKdc({ realm: 'EXAMPLE.COM', principals: memoryPrincipals({ realm: 'EXAMPLE.COM', entries }) })
 * const sspi = initSecurityInterface({ kdc: kdc.sender }) // without a port
 * ```
 *
 * @throws `TypeError` for a policy that is none.
 */
export function embeddedKdc(options: EmbeddedKdcOptions): EmbeddedKdc {
  return new EmbeddedKdc(options)
}

/** Made by {@link embeddedKdc}. */
export class EmbeddedKdc {
  readonly #kdc: Kdc
  readonly #answerers: Answerers

  /** @internal */
  constructor(options: EmbeddedKdcOptions) {
    const { realm, policy, preauthMethods, now = () => new Date(), random = randomBytes, onEvent } = options
    this.#kdc = new Kdc({
      realm,
      policy,
      preauthMethods,
      world: { now, random, emit: (event) => publish(event, onEvent) },
    })
    this.#answerers = answerersOf(options.principals, options.replays ?? memoryReplayCache({ now }))
  }

  /** The realm. */
  get realm(): string {
    return this.#kdc.realm
  }

  /**
   * What listeners hand requests to: `(request: Uint8Array, from: KdcPeer) => Promise<Uint8Array | undefined>`. One message, without
   * a length before it; `undefined` for no reply at all. It does not reject for anything that is in a request.
   */
  readonly handle: KdcHandler = async (request: Uint8Array, from: KdcPeer) => {
    // A copy: the caller's buffer may be the socket's.
    const run = this.#kdc.handle(request.slice(), from)
    try {
      let progress = run.step()
      while (progress.kind === 'ask') {
        let answer: KdcAnswer
        try {
          answer = await answerTo(this.#answerers, progress.ask)
        } catch (cause) {
          progress = run.fail(failureOf(progress.ask, cause))
          continue
        }
        progress = run.step(answer)
      }
      return progress.value
    } finally {
      run.dispose()
    }
  }

  /** For the option `kdc` of `initSecurityInterface`: the KDC without a port. Other realms are refused. */
  readonly sender: KdcSender = (query) => send([this], query)
}

/** The sender of several KDCs of this process, by their realms: for clients that go from one to another. */
export function embeddedSender(...kdcs: readonly EmbeddedKdc[]): KdcSender {
  return (query) => send(kdcs, query)
}

async function send(kdcs: readonly EmbeddedKdc[], { realm, service, request }: KdcQuery): Promise<Uint8Array> {
  const kdc = kdcs.find((known) => known.realm === realm)
  const reply = await kdc?.handle(request, { service })
  if (reply !== undefined) return reply
  throw new SspiError(
    'SEC_E_NO_AUTHENTICATING_AUTHORITY',
    kdc === undefined ? `no embedded KDC has the realm ${realm}` : `the embedded KDC of ${realm} gives no reply`,
  )
}

type Answerers = {
  readonly [K in KdcEffectName]: (
    query: KdcEffects[K]['ask'],
  ) => KdcEffects[K]['answer'] | PromiseLike<KdcEffects[K]['answer']>
}

function answerersOf(principals: PrincipalDatabase, replays: ReplayCache): Answerers {
  return {
    principal: (query) => principals.lookup(query),
    attempt: (query) => principals.attempt(query),
    update: async (query) => {
      await principals.update(query)
      return undefined
    },
    stretch: ({ hash, password, salt, iterations, length }) => pbkdf2(hash, password, salt, iterations, length),
    replay: ({ key, until }) => replays.remember(key, until),
  }
}

async function answerTo<K extends KdcEffectName>(
  answerers: Answerers,
  { effect, query }: { readonly effect: K; readonly query: KdcEffects[K]['ask'] },
): Promise<KdcAnswer> {
  // The name and its value are of one K: the union of all pairs is what KdcAnswer is.
  return { effect, value: await answerers[effect](query) } as KdcAnswer
}

function failureOf({ effect }: KdcAsk, cause: unknown): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `KDC: '${effect}' was not answered`, { cause })
}
