import { encodeUtf8 } from '../../bytes/index.js'
import { openBlob, sealBlob, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { tokenOfIdentity, type Identity, type ImpersonationLevel } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import type { HttpLogOn, OfferedScheme } from './log-on.js'
import type { HttpCookieOptions } from './options.js'
import type { RequestFacts } from './request-facts.js'

/** What browsers keep of one cookie at least, RFC 6265 §6.1: longer ones are not given. */
const MAX_COOKIE_LENGTH = 4096
const DEFAULT_SECONDS = 900
const KEY_LENGTH = 32

/** What stands in a cookie, in JSON: short names, as browsers send it with each request. */
interface Sealed {
  /** The user, the package, the level, and the number of the log-on. */
  readonly i: Identity
  readonly p: string
  readonly l: ImpersonationLevel
  readonly a: string
  readonly s: OfferedScheme
  readonly m: string
  /** Whether it was mutual, and bound to its channel. */
  readonly f: readonly [mutual: boolean, bound: boolean]
  /** When it ends, and when the log-on does: milliseconds. */
  readonly e: number
  readonly u: number
}

/**
 * Session cookies: who has logged on, sealed with AES-256-GCM and bound to the cookie's name, the server's name and port as the client wrote
 * them, and TLS. They hold no credentials: whoever has one is that user for this server, until it ends.
 */
export class SessionCookie implements Disposable {
  readonly #name: string
  #keys: readonly SecretBytes[]
  readonly #seconds: number
  readonly #attributes: string
  readonly #withoutTls: boolean
  readonly #stillValid: HttpCookieOptions['stillValid']

  /** @throws `TypeError` for a key of another length, or a name that is none. */
  constructor(options: HttpCookieOptions) {
    const { key, seconds = DEFAULT_SECONDS, sameSite = 'Strict', insecureAllowWithoutTls = false } = options
    this.#keys = (key instanceof Uint8Array ? [key] : key).map((each) => secretFrom(each))
    if (this.#keys.length === 0) throw new TypeError('cookie.key: none')
    for (const { length } of this.#keys) {
      if (length !== KEY_LENGTH) throw new TypeError(`cookie.key has ${length} bytes, not ${KEY_LENGTH}`)
    }
    if (!(seconds > 0)) throw new TypeError(`cookie.seconds: ${seconds} is no time`)
    this.#name = options.name ?? (insecureAllowWithoutTls ? 'sspi' : '__Host-sspi')
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(this.#name)) throw new TypeError('cookie.name: not a name of a cookie')
    this.#seconds = seconds
    this.#withoutTls = insecureAllowWithoutTls
    this.#attributes = `Path=/; HttpOnly; SameSite=${sameSite}${insecureAllowWithoutTls ? '' : '; Secure'}`
    this.#stillValid = options.stillValid
  }

  /** The value of Set-Cookie for a log-on; `undefined` where none is given: without TLS, or for a client in too many groups. */
  give(logOn: HttpLogOn, facts: RequestFacts, now: Date): string | undefined {
    const [key] = this.#keys
    if (key === undefined || !this.#allowed(facts)) return undefined
    const { user, scheme, mechanism, mutual, channelBound, expiry } = logOn
    const ends = Math.min(expiry.getTime(), now.getTime() + this.#seconds * 1000)
    const sealed: Sealed = {
      i: user.user,
      p: user.packageName,
      // No context comes back with it.
      l: user.impersonationLevel === 'anonymous' ? 'anonymous' : 'identification',
      a: String(user.authenticationId),
      s: scheme,
      m: mechanism,
      f: [mutual, channelBound],
      e: ends,
      u: expiry.getTime(),
    }
    const blob = sealBlob(key, encodeUtf8(JSON.stringify(sealed)), this.#boundTo(facts))
    const seconds = Math.floor((ends - now.getTime()) / 1000)
    const value = `${this.#name}=${Buffer.from(blob).toString('base64url')}; Max-Age=${seconds}; ${this.#attributes}`
    return value.length > MAX_COOKIE_LENGTH || seconds <= 0 ? undefined : value
  }

  /** Who a request's cookie is of; `undefined` for none, and for one that does not count (any more). */
  async take(facts: RequestFacts, now: Date): Promise<HttpLogOn | undefined> {
    const value = this.#allowed(facts) ? this.#valueIn(facts.request.headers.cookie) : undefined
    const sealed = value === undefined ? undefined : this.#open(value, facts)
    if (sealed === undefined || sealed.e <= now.getTime()) return undefined
    const expiry = new Date(sealed.u)
    const user = tokenOfIdentity(
      { ...sealed.i, sid: sealed.i.sid }, // which JSON leaves out where there is none
      { packageName: sealed.p, impersonationLevel: sealed.l, authenticationId: BigInt(sealed.a), expiry },
    )
    if (this.#stillValid !== undefined && !(await this.#stillValid(user))) return undefined
    const [mutual, channelBound] = sealed.f
    const how = {
      scheme: sealed.s,
      mechanism: sealed.m,
      mutual,
      channelBound,
      from: 'cookie',
      session: undefined,
    } as const
    return { user, expiry, ...how }
  }

  /** The value of Set-Cookie that makes browsers forget it. */
  forget(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`
  }

  /** Wipes the keys; no cookie is given or taken any more. */
  [Symbol.dispose](): void {
    for (const key of this.#keys) wipe(key)
    this.#keys = [] // zeros are a key that everybody knows
  }

  #allowed({ secure }: RequestFacts): boolean {
    return secure || this.#withoutTls
  }

  /** Of two of one name nobody knows which is the browser's own. */
  #valueIn(cookies: string | undefined): string | undefined {
    const start = `${this.#name}=`
    const [first, second] = (cookies ?? '').split(/; */).filter((each) => each.startsWith(start))
    return second === undefined ? first?.slice(start.length) : undefined
  }

  #open(value: string, facts: RequestFacts): Sealed | undefined {
    const blob = new Uint8Array(Buffer.from(value, 'base64url'))
    for (const key of this.#keys) {
      try {
        const text = Buffer.from(openBlob(key, blob, this.#boundTo(facts))).toString()
        return JSON.parse(text) as Sealed // nobody else can have sealed it
      } catch (error) {
        if (!(error instanceof SspiError)) throw error
      }
    }
    return undefined
  }

  #boundTo({ host, secure }: RequestFacts): Uint8Array {
    return encodeUtf8(JSON.stringify(['sspi http session 1', this.#name, host, secure]))
  }
}
