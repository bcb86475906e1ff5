import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import {
  SspiError,
  type AcceptorExchange,
  type ExchangeStep,
  type InitiatorExchange,
  type SecureSession,
} from '../../src/index.js'
import type { Kind, Place } from './kinds.js'
import type { Choices } from './random.js'
import type { Strangers } from './strangers.js'

/** How a context's life went. */
export type Outcome =
  | 'whole'
  /** With a wrong secret. */
  | 'denied'
  /** The tokens were changed on their way, and it was noticed. */
  | 'refused'
  /** It was left half-open: a token was lost, or somebody gave up. */
  | 'given up'
  /** A message was changed, and the session ended by it, as records do. */
  | 'broken'

/** What a life told. */
export interface Told {
  readonly outcome: Outcome
  readonly messages: number
  readonly refusedMessages: number
  readonly moves: number
}

/** What a life needs of the world. */
export interface LifeParts {
  readonly place: Place
  readonly kind: Kind
  readonly choices: Choices
  readonly number: number
  /** Sealed messages of other pairs. */
  readonly strangers: Strangers
  /** Where sessions go on in another thread; `undefined` where there is none. */
  readonly thread: Thread | undefined
}

/** Another thread, to which a session can be moved: it opens each message and seals it again. */
export interface Thread {
  /** Moves the session there. */
  take(packageName: string, blob: Uint8Array, key: Uint8Array): Promise<RemoteSession>
}

/** A session in another thread. */
export interface RemoteSession {
  /** Opens a message of this side's there; returns whose session it is and the text, sealed for the way back. */
  echo(sealed: Uint8Array): Promise<{ readonly user: string; readonly sealed: Uint8Array }>
  end(): Promise<void>
}

/** Both sides of a context. */
interface Pair {
  client: SecureSession
  server: SecureSession
}

const EXPORT_KEY_LENGTH = 32

/** The life of one context from its first token to its end, with what may go wrong in it. */
export async function live(parts: LifeParts): Promise<Told> {
  const { kind, choices, place } = parts
  const user = choices.one(kind.users)
  const wrong = choices.percent(4)
  const client = kind.client(place, user, wrong)
  const server = kind.server(place)
  const told = { messages: 0, refusedMessages: 0, moves: 0 }
  try {
    const established = await establish(client, server, parts)
    if (established === 'given up') return { ...told, outcome: established }
    if (established === 'refused') return { ...told, outcome: wrong ? 'denied' : 'refused' }
    assert.ok(!wrong, `${kind.name}: a wrong secret was let in`)
    return await converse(established, user, parts, told)
  } finally {
    for (const side of [client, server]) endOf(side)
  }
}

/** Ends an exchange, and the session of one whose peer has not come as far. */
function endOf(exchange: InitiatorExchange | AcceptorExchange): void {
  exchange[Symbol.dispose]()
  try {
    exchange.session[Symbol.dispose]()
  } catch (error) {
    if (!(error instanceof SspiError && error.code === 'SEC_E_OUT_OF_SEQUENCE')) throw error // there is none
  }
}

// ------------------------------------------------------------------ establishing

async function establish(
  client: InitiatorExchange,
  server: AcceptorExchange,
  { choices, kind }: LifeParts,
): Promise<Pair | 'refused' | 'given up'> {
  const fault = choices.percent(15) ? choices.one(['flip', 'cut', 'lose', 'abort', 'twice'] as const) : undefined
  const at = choices.below(4)
  const done = { client: false, server: false }
  try {
    let token: Uint8Array | undefined
    for (let turn = 0, sent = 0; turn < MOST_TURNS; turn++) {
      const side = turn % 2 === 0 ? 'client' : 'server'
      const party = side === 'client' ? client : server
      if (fault !== undefined && token !== undefined && sent++ === at) {
        if (fault === 'lose') return 'given up'
        if (fault === 'flip') token = flipped(token, choices)
        if (fault === 'cut') token = token.subarray(0, choices.below(token.length))
        if (fault === 'twice') await party.step(token)
      }
      const step = await stepOf(party, token, fault === 'abort' && turn === at)
      if (step.incomplete) return 'given up' // it waits for the rest of what was cut off
      done[side] = step.done
      token = step.token
      if (done.client && done.server && token === undefined) return { client: client.session, server: server.session }
    }
    throw new Error('the exchange does not end')
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return 'given up'
    if (error instanceof SspiError && (fault !== undefined || error.code === 'SEC_E_LOGON_DENIED')) return 'refused'
    throw new Error(`${kind.name}: ${fault ?? 'without a fault'}`, { cause: error })
  }
}

/** More than any exchange has. */
const MOST_TURNS = 20

/** A step; where it shall be, somebody gives up while it is under way. */
function stepOf(
  party: InitiatorExchange | AcceptorExchange,
  token: Uint8Array | undefined,
  abort: boolean,
): Promise<ExchangeStep> {
  if (!abort) return party.step(token)
  const controller = new AbortController()
  const step = party.step(token, controller.signal)
  controller.abort()
  return step
}

// ------------------------------------------------------------------ messages

async function converse(
  pair: Pair,
  user: string,
  parts: LifeParts,
  told: { messages: number; refusedMessages: number; moves: number },
): Promise<Told> {
  const { kind, choices, number, strangers } = parts
  const ended = (outcome: Outcome): Told => ({ ...told, outcome })
  try {
    await checkIdentity(pair.server, user, parts)
    for (let left = choices.below(8); left > 0; left--) {
      const [from, to] = choices.percent(50)
        ? ([pair.client, pair.server] as const)
        : ([pair.server, pair.client] as const)
      const text = `${kind.name} ${number} ${user} ${'x'.repeat(choices.below(300))}`
      const message = Buffer.from(text)
      const fault = choices.percent(25) ? choices.one(['flip', 'cut', 'stranger', 'twice'] as const) : undefined
      if (fault === 'stranger') {
        const foreign = strangers.meet(number)
        if (foreign !== undefined) {
          refusedBy(() => to.unseal(foreign), `${kind.name}: a message of another pair was taken`)
          told.refusedMessages++
          if (kind.records) return ended('broken')
        }
      }
      const sealed = from.seal(message)
      strangers.add(number, sealed)
      if (fault === 'flip' || fault === 'cut') {
        const changed =
          fault === 'flip' ? flippedMessage(sealed, choices) : sealed.subarray(0, choices.below(sealed.length))
        refusedBy(() => to.unseal(changed), `${kind.name}: a changed message was taken`)
        told.refusedMessages++
        if (kind.records) return ended('broken')
      }
      assert.equal(Buffer.from(to.unseal(sealed)).toString(), text, `${kind.name}: another message came`)
      told.messages++
      if (fault === 'twice') {
        refusedBy(() => to.unseal(sealed), `${kind.name}: a message was taken twice`)
        told.refusedMessages++
        if (kind.records) return ended('broken')
      }
      if (kind.exports && choices.percent(10)) {
        await moveHere(pair, choices, parts)
        told.moves++
      }
    }
    if (kind.exports && parts.thread !== undefined && choices.percent(15)) {
      await moveToThread(pair, user, parts, parts.thread)
      told.moves++
    } else await checkIdentity(pair.server, user, parts)
    return ended('whole')
  } finally {
    for (const session of [pair.client, pair.server]) session[Symbol.dispose]() // those that moved are others
  }
}

/** Who is there, from outside and from within, while others are impersonated beside it. */
async function checkIdentity(server: SecureSession, user: string, { kind, place }: LifeParts): Promise<void> {
  assert.equal(server.accessToken.user.name, user, `${kind.name}: another user`)
  await server.impersonate(async () => {
    await turn()
    // A session that was moved is another interface's.
    const seen = place.server.currentAccessToken() ?? place.elsewhere.currentAccessToken()
    assert.equal(seen?.user.name, user, `${kind.name}: another user is impersonated`)
  })
}

function refusedBy(open: () => Uint8Array, otherwise: string): void {
  assert.throws(open, (error) => error instanceof SspiError, otherwise)
}

function flipped(bytes: Uint8Array, choices: Choices): Uint8Array {
  const changed = bytes.slice()
  changed[choices.below(changed.length)]! ^= 1 << choices.below(8)
  return changed
}

/**
 * Where a Wrap token of Kerberos says how far its body is turned (RFC 4121 section 4.2.5). Nothing protects that: another
 * number may be the same turn, as 256 more are in a body of 256 bytes.
 */
const WRAP_RRC = { from: 6, to: 8 } as const

function flippedMessage(sealed: Uint8Array, choices: Choices): Uint8Array {
  const changed = flipped(sealed, choices)
  const isWrap = sealed[0] === 0x05 && sealed[1] === 0x04
  if (isWrap && sealed.subarray(0, WRAP_RRC.to).some((byte, at) => at >= WRAP_RRC.from && byte !== changed[at])) {
    changed.set(sealed.subarray(WRAP_RRC.from, WRAP_RRC.to), WRAP_RRC.from)
    changed[WRAP_RRC.to]! ^= 1
  }
  return changed
}

// ------------------------------------------------------------------ moving

/** One side goes on in another interface of this thread. */
async function moveHere(pair: Pair, choices: Choices, { kind, place }: LifeParts): Promise<void> {
  const side = choices.one(['client', 'server'] as const)
  const key = crypto.getRandomValues(new Uint8Array(EXPORT_KEY_LENGTH))
  const blob = pair[side].export({ key })
  pair[side] = await place.elsewhere.importSession({ package: kind.packageName, blob, key })
}

/** The server's side goes on in another thread. */
async function moveToThread(pair: Pair, user: string, { kind, number }: LifeParts, thread: Thread): Promise<void> {
  const key = crypto.getRandomValues(new Uint8Array(EXPORT_KEY_LENGTH))
  const remote = await thread.take(kind.packageName, pair.server.export({ key }), key)
  for (let count = 0; count < 2; count++) {
    const text = `${kind.name} ${number} ${user} in another thread, ${count}`
    const answer = await remote.echo(pair.client.seal(Buffer.from(text)))
    assert.equal(answer.user, user, `${kind.name}: another user in the other thread`)
    assert.equal(Buffer.from(pair.client.unseal(answer.sealed)).toString(), text)
  }
  await remote.end()
}
