import { SspiError, wipe } from 'sspi/core'
import {
  decodeDer,
  encodeDer,
  PaDataType,
  readPaSpake,
  writePaSpake,
  type Effectful,
  type KerberosKey,
  type PaData,
  type PreauthContext,
  type PreauthMethod,
  type PreauthRun,
  type SpakeChallenge,
} from 'sspi/kerberos'
import { spakeGroups, spakeGroupsByName, type SpakeGroup } from './groups.js'
import { challengeTranscript, deriveSpakeKey, responseTranscript, spakeSecret, type SpakeKeyInput } from './keys.js'
import { sealFactor, SF_NONE } from './second-factors.js'

/** Options of {@link spakePreauth}. */
export interface SpakePreauthOptions {
  /**
   * Names of groups in the order of preference: `edwards25519`, `P-256`, `P-384`, `P-521`; `spakePreauthGroups` of a configuration
   * can be given as it is. Names that are unknown are left out. Default: all of them, in this order.
   */
  readonly groups?: readonly string[] | undefined
}

/**
 * SPAKE as a client, RFC 9588: a log-on in which nobody, on the way or in the place of the KDC, gets anything that passwords could
 * be guessed from; whoever plays the KDC has one guess.
 *
 * ```ts
 * const sspi = initSecurityInterface({ krb5, kerberos: { preauthMethods: [spakePreauth()] } })
 * ```
 *
 * Second factors are refused.
 *
 * @throws `TypeError` when none of the groups is known.
 */
export function spakePreauth(options: SpakePreauthOptions = {}): PreauthMethod {
  const groups = options.groups === undefined ? [...spakeGroups.values()] : spakeGroupsByName(options.groups)
  if (groups.length === 0) throw new TypeError(`SPAKE: no group is known of ${options.groups?.join(', ') ?? ''}`)
  return { type: PaDataType.PA_SPAKE, begin: () => new SpakeRun(groups) }
}

type State =
  | { readonly at: 'start' }
  /** The groups were told; a challenge is expected. */
  | { readonly at: 'expect-challenge'; readonly support: Uint8Array }
  /** The challenge was answered; the reply is expected. */
  | { readonly at: 'expect-reply'; readonly replyKey: KerberosKey }
  | { readonly at: 'over' }

class SpakeRun implements PreauthRun {
  readonly hasRounds = true
  readonly #groups: readonly SpakeGroup[]
  #state: State = { at: 'start' }

  constructor(groups: readonly SpakeGroup[]) {
    this.#groups = groups
  }

  *answer(context: PreauthContext): Effectful<readonly PaData[]> {
    const state = this.#state
    if (state.at === 'expect-reply' || state.at === 'over') {
      // One answer is one guess for whoever plays the KDC.
      throw new SspiError(
        'SEC_E_UNSUPPORTED_PREAUTH',
        'SPAKE: the KDC wants more after the answer: a second factor, or a new try',
      )
    }
    const said = context.methodData.find(({ padataType }) => padataType === PaDataType.PA_SPAKE)?.padataValue
    const challenge = said === undefined || said.length === 0 ? undefined : challengeOf(said)
    const group = challenge && this.#groups.find(({ number }) => number === challenge.group)
    if (said !== undefined && challenge !== undefined && group !== undefined) {
      const support = state.at === 'start' ? new Uint8Array(0) : state.support
      return yield* this.#respond(context, group, challenge, challengeTranscript(group, support, said))
    }
    // RFC 9588 section 4.2: a KDC that has not waited for our groups may have taken another one.
    if (state.at === 'start' || challenge === undefined) return [this.#tellGroups()]
    throw new SspiError('SEC_E_INVALID_TOKEN', `SPAKE: challenge: group ${challenge.group}, which was not offered`)
  }

  // eslint-disable-next-line require-yield -- the key is there already
  *replyKey(): Effectful<KerberosKey> {
    const state = this.#state
    if (state.at === 'expect-reply') return state.replyKey
    throw new SspiError('SEC_E_MESSAGE_ALTERED', 'SPAKE: the KDC replied before its challenge was answered')
  }

  dispose(): void {
    if (this.#state.at === 'expect-reply') this.#state.replyKey.dispose()
    this.#state = { at: 'over' }
  }

  #tellGroups(): PaData {
    const groups = this.#groups.map(({ number }) => number)
    const support = encodeDer({ kind: 'support', support: { groups } }, writePaSpake)
    this.#state = { at: 'expect-challenge', support }
    return { padataType: PaDataType.PA_SPAKE, padataValue: support }
  }

  *#respond(
    context: PreauthContext,
    group: SpakeGroup,
    { pubkey, factors }: SpakeChallenge,
    transcript: Uint8Array,
  ): Effectful<readonly PaData[]> {
    if (!factors.some(({ type }) => type === SF_NONE)) {
      const wanted = factors.map(({ type }) => type).join(', ')
      throw new SspiError(
        'SEC_E_UNSUPPORTED_PREAUTH',
        `SPAKE: the KDC wants a second factor (${wanted}), which is not spoken`,
      )
    }
    const initialKey = yield* context.key()
    const random = (length: number): Uint8Array => context.random(length)
    const secret = spakeSecret(initialKey, group)
    const scalar = group.randomScalar(random)
    let shared: Uint8Array | undefined
    let factorKey: KerberosKey | undefined
    try {
      const ours = group.publicValue('client', scalar, secret)
      shared = group.sharedValue('client', scalar, secret, pubkey)
      const input: SpakeKeyInput = {
        group,
        initialKey,
        secret,
        shared,
        transcript: responseTranscript(group, transcript, ours),
        body: context.body.raw,
      }
      factorKey = deriveSpakeKey(input, 1)
      const response = { pubkey: ours, factor: sealFactor(factorKey, random) }
      this.#state = { at: 'expect-reply', replyKey: deriveSpakeKey(input, 0) }
      const padataValue = encodeDer({ kind: 'response', response }, writePaSpake)
      return [{ padataType: PaDataType.PA_SPAKE, padataValue }]
    } finally {
      wipe(secret)
      wipe(scalar)
      wipe(shared)
      factorKey?.dispose()
    }
  }
}

function challengeOf(said: Uint8Array): SpakeChallenge {
  const message = decodeDer(said, readPaSpake)
  if (message.kind === 'challenge') return message.challenge
  throw new SspiError('SEC_E_INVALID_TOKEN', `PA-SPAKE: a challenge expected, not ${message.kind}`)
}
