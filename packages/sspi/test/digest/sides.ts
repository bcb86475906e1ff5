import { fromHex } from '../../src/bytes/index.js'
import { memoryAccounts, type AccountEntry } from '../../src/io/accounts/index.js'
import { memoryNonceStore } from '../../src/io/stores/index.js'
import { digestPackage, type DigestOptions } from '../../src/digest/index.js'
import {
  passwordCredential,
  type AccountDatabase,
  type Answer,
  type Ask,
  type ChannelBindings,
  type Credential,
  type Exchange,
  type Input,
  type Packages,
  type SecurityPackage,
  type Step,
  type World,
} from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { countingRandom, NOON } from '../compliance/suite.js'

export const PASSWORD = 'Circle of Life'
export const ALICE: AccountEntry = { user: 'alice', password: PASSWORD }

/** What a test's world is like where it differs. */
export interface WorldOptions {
  readonly now?: () => Date
  readonly random?: (length: number) => Uint8Array
  readonly policy?: Partial<World['policy']>
}

export function worldOf(options: WorldOptions = {}): World {
  return {
    now: options.now ?? (() => NOON),
    random: options.random ?? countingRandom(),
    policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false, ...options.policy },
    emit: () => undefined,
  }
}

/** Random bytes that come out of a script of hexadecimal digits, one piece for each call. */
export function scripted(...pieces: readonly string[]): (length: number) => Uint8Array {
  const left = [...pieces]
  return (length) => {
    const bytes = fromHex(left.shift() ?? '')
    if (bytes.length !== length) throw new TypeError(`${length} random bytes were not in the script`)
    return bytes
  }
}

const NO_PACKAGES: Packages = { find: () => undefined, [Symbol.iterator]: () => [][Symbol.iterator]() }

/** What a call is given beside its token. */
export interface Given {
  readonly params?: readonly string[]
  readonly body?: Uint8Array
  readonly targetHost?: string
  readonly bindings?: ChannelBindings
}

/** One side of an exchange, below the interface, with its questions answered. */
export class ExchangeSide {
  readonly exchange: Exchange
  readonly asked: Ask[] = []
  readonly #answer: (ask: Ask) => Answer

  constructor(exchange: Exchange, answer: (ask: Ask) => Answer) {
    this.exchange = exchange
    this.#answer = answer
  }

  step(token: string | Uint8Array | undefined, given: Given = {}): Exclude<Step, { kind: 'ask' }> {
    const bytes = typeof token === 'string' ? latin1(token) : token
    const input: Input = {
      kind: 'token',
      token: bytes,
      channelBindings: given.bindings,
      packageParams: given.params?.map(latin1),
      data: given.body === undefined ? undefined : [given.body],
      targetHost: given.targetHost,
    }
    let step = this.exchange.step(input)
    while (step.kind === 'ask') {
      this.asked.push(step.ask)
      step = this.exchange.step({ kind: 'answer', answer: this.#answer(step.ask) })
    }
    return step
  }

  /** A step's token as text. */
  text(token: string | Uint8Array | undefined, given: Given = {}): string {
    const step = this.step(token, given)
    return 'token' in step && step.token !== undefined ? textOf(step.token) : ''
  }
}

/** Characters up to U+00FF, one byte each. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

/** How a side differs from the default. */
export interface SideOptions extends WorldOptions {
  readonly digest?: Partial<DigestOptions>
  readonly contextReq?: number
}

/** A client of `alice`, or of another user. */
export function client(
  options: SideOptions & {
    readonly user?: string
    readonly domain?: string
    readonly password?: string
    readonly target?: string
    readonly principal?: string
    readonly package?: SecurityPackage
    readonly credential?: Credential
  } = {},
): ExchangeSide {
  const world = worldOf(options)
  const of: SecurityPackage = options.package ?? digestPackage({ realm: 'r', ...options.digest })
  const credential = options.credential ?? clientCredential(of, options, world)
  const targetName = options.target ?? 'ldap/server.example.com'
  const { contextReq = 0 } = options
  return new ExchangeSide(of.initiate!({ credential, targetName, contextReq, packages: NO_PACKAGES }, world), () => {
    throw new TypeError('a client asks nobody')
  })
}

export function clientCredential(
  of: SecurityPackage,
  options: {
    readonly user?: string
    readonly domain?: string
    readonly password?: string
    readonly principal?: string
  },
  world: World = worldOf(),
): Credential {
  const { user, domain } = passwordCredential({ user: options.user ?? 'alice', domain: options.domain, password: '' })
  const value = {
    kind: 'password',
    user,
    domain,
    packageList: undefined,
    password: options.password ?? PASSWORD,
  } as const
  return of.acquire({ use: 'outbound', principal: options.principal, value, packages: NO_PACKAGES }, world)
}

/** A server with an account database, and what it shares with others of its kind. */
export class Server {
  readonly package: SecurityPackage
  readonly world: World
  readonly #answer: (ask: Ask) => Answer
  readonly #contextReq: number

  constructor(options: SideOptions & { readonly accounts?: readonly AccountEntry[] | AccountDatabase } = {}) {
    this.world = worldOf(options)
    this.package = digestPackage({ realm: 'testrealm', ...options.digest })
    this.#contextReq = options.contextReq ?? 0
    const { accounts = [ALICE] } = options
    const database = 'lookup' in accounts ? accounts : memoryAccounts(accounts)
    const nonces = memoryNonceStore({ now: () => this.world.now() })
    const driver = createDriver({ accounts: database, nonces })
    this.#answer = (ask) => {
      const answer = driver.answer(ask, undefined)
      if ('then' in answer) throw new TypeError('an answer that has to be waited for')
      return answer
    }
  }

  accept(contextReq = this.#contextReq): ExchangeSide {
    const { world } = this
    const credential = this.package.acquire(
      { use: 'inbound', principal: undefined, value: undefined, packages: NO_PACKAGES },
      world,
    )
    return new ExchangeSide(
      this.package.accept!({ credential, contextReq, packages: NO_PACKAGES }, world),
      this.#answer,
    )
  }
}
