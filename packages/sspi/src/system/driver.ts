import { pbkdf2 } from '../crypto/index.js'
import { dnsHosts } from '../io/kdc/index.js'
import { memoryNonceStore, memoryReplayCache } from '../io/stores/index.js'
import { answerTls } from '../io/tls/index.js'
import { SspiError, type FailureName } from '../status/index.js'
import {
  revealCredential,
  type AccountDatabase,
  type Answer,
  type Driver,
  type EffectName,
  type Effects,
  type HostDirectory,
  type KdcSender,
  type NonceStore,
  type ReplayCache,
} from '../sspi/index.js'

type Answerers = {
  readonly [K in EffectName]: (
    query: Effects[K]['ask'],
    signal: AbortSignal | undefined,
  ) => Effects[K]['answer'] | PromiseLike<Effects[K]['answer']>
}

/** What answers come from. */
export interface DriverParts {
  readonly accounts: AccountDatabase | undefined
  readonly kdc?: KdcSender | undefined
  /** Default: DNS. */
  readonly hosts?: HostDirectory | undefined
  /** Default: in this process's memory. */
  readonly replays?: ReplayCache | undefined
  /** Default: in this process's memory. */
  readonly nonces?: NonceStore | undefined
}

/** The driver of this composition: one answerer for each effect. What answers without waiting is handed on without waiting. */
export function createDriver(parts: DriverParts): Driver {
  const { replays = memoryReplayCache(), nonces = memoryNonceStore(), hosts = dnsHosts() } = parts
  const answerers: Answerers = {
    account: (query, signal) => {
      const accounts = required(
        parts.accounts,
        'no account database: give `accounts` to initSecurityInterface to accept clients with passwords',
      )
      return guarded('the account database failed', NO_AUTHORITY, signal, () => accounts.lookup(query, signal))
    },
    changePassword: (change, signal) => {
      const accounts = required(
        parts.accounts,
        'no account database: give `accounts` to initSecurityInterface to change passwords in it',
      )
      if (accounts.changePassword === undefined) {
        throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the account database cannot change passwords')
      }
      return guarded('the account database failed', NO_AUTHORITY, signal, () =>
        accounts.changePassword!(change, signal),
      )
    },
    kdc: (query, signal) => {
      const send = required(
        parts.kdc,
        `no way to a KDC of ${query.realm}: give \`kdc\` to initSecurityInterface to use Kerberos`,
      )
      return guarded(`the way to the KDC of ${query.realm} failed`, NO_AUTHORITY, signal, () => send(query, signal))
    },
    canonicalHost: (query, signal) =>
      guarded('the directory of hosts failed', NO_AUTHORITY, signal, () => hosts.canonicalName(query, signal)),
    realmOfHost: ({ host }, signal) =>
      guarded('the directory of hosts failed', NO_AUTHORITY, signal, () => hosts.realmOf(host, signal)),
    stretch: ({ hash, password, salt, iterations, length }) => pbkdf2(hash, password, salt, iterations, length),
    replay: ({ key, until }, signal) =>
      guarded('the replay cache failed', 'SEC_E_INTERNAL_ERROR', signal, () => replays.remember(key, until)),
    nonce: ({ nonce, count, until }, signal) =>
      guarded('the nonce store failed', 'SEC_E_INTERNAL_ERROR', signal, () => nonces.use(nonce, count, until)),
    reveal: ({ value, ...purpose }, signal) =>
      guarded('the secret of a credential could not be had', 'SEC_E_NO_CREDENTIALS', signal, () =>
        revealCredential(value, purpose),
      ),
    keepTickets: ({ cache, save }, signal) =>
      guarded('the ticket cache could not be saved', 'SEC_E_INTERNAL_ERROR', signal, () => nothing(save(cache))),
    tls: answerTls,
  }
  return {
    hasAccounts: parts.accounts !== undefined,
    answer: (ask, signal) => answer(answerers, ask, signal),
  }
}

const NO_AUTHORITY = 'SEC_E_NO_AUTHENTICATING_AUTHORITY'

function answer<K extends EffectName>(
  answerers: Answerers,
  { effect, query }: { readonly effect: K; readonly query: Effects[K]['ask'] },
  signal: AbortSignal | undefined,
): Answer | Promise<Answer> {
  // The name and its value are of one K: the union of all pairs is what Answer is.
  const wrap = (value: Effects[K]['answer']): Answer => ({ effect, value }) as Answer
  const found = answerers[effect](query, signal)
  return isPromiseLike(found) ? Promise.resolve(found).then(wrap) : wrap(found)
}

function required<T>(part: T | undefined, otherwise: string): T {
  if (part === undefined) throw new SspiError(NO_AUTHORITY, otherwise)
  return part
}

/** Runs what the application gave; what it throws or rejects with becomes a failure of ours. */
function guarded<T>(
  message: string,
  code: FailureName,
  signal: AbortSignal | undefined,
  run: () => T | PromiseLike<T>,
): T | PromiseLike<T> {
  const failed = (cause: unknown): never => {
    // Whoever gave up waiting gets the reason of its own signal.
    if (signal?.aborted === true || cause instanceof SspiError) throw cause
    throw new SspiError(code, message, { cause })
  }
  try {
    const found = run()
    return isPromiseLike(found) ? found.then(undefined, failed) : found
  } catch (error) {
    return failed(error)
  }
}

/** By its method, as promises of database clients are often no instances of Promise. */
function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function nothing(saved: void | Promise<void>): undefined | Promise<undefined> {
  return saved instanceof Promise ? saved.then(() => undefined) : undefined
}
