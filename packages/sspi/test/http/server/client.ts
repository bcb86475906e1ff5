import assert from 'node:assert/strict'
import type { ChannelBindings, InitiateOptions } from '../../../src/sspi/index.js'
import { SERVICE, type Site } from './site.js'
import type { Wire, WireAnswer } from './wire.js'

/** How a test's client logs on. */
export interface LogOnOptions {
  readonly scheme?: 'Negotiate' | 'NTLM'
  /** The package behind it. Default: the scheme's. */
  readonly package?: string
  readonly user?: string
  readonly password?: string
  readonly target?: string
  readonly channelBindings?: ChannelBindings | undefined
  /** Sent with each leg. */
  readonly fields?: Readonly<Record<string, string>>
}

/** Both sides of an exchange over one connection, by our own client's tokens: the last answer. */
export async function logOn(site: Pick<Site, 'domain'>, wire: Wire, options: LogOnOptions = {}): Promise<WireAnswer> {
  const { scheme = 'Negotiate', fields = {} } = options
  using exchange = initiate(site, options)
  let { token } = await exchange.step()
  let answer: WireAnswer | undefined
  while (token !== undefined) {
    answer = await wire.ask({ ...fields, Authorization: authorization(scheme, token) })
    const reply = tokenIn(answer, scheme)
    if (reply === undefined || answer.status !== 401) return answer
    try {
      token = (await exchange.step(reply)).token
    } catch {
      return answer // the server has said why it refuses
    }
  }
  assert.ok(answer)
  return answer
}

/** A client's side. */
export function initiate(site: Pick<Site, 'domain'>, options: LogOnOptions = {}) {
  const { scheme = 'Negotiate', user = 'alice', password, target = SERVICE, channelBindings } = options
  const { domain } = site
  const protection: Partial<InitiateOptions> = { integrity: false, confidentiality: false }
  return domain.sspi().initiate({
    package: options.package ?? scheme,
    credentials: domain.credential(user, password),
    target,
    channelBindings,
    ...protection,
  })
}

export function authorization(scheme: string, token: Uint8Array | undefined): string {
  return `${scheme} ${Buffer.from(token ?? []).toString('base64')}`
}

/** The token that a scheme's challenge carries. */
export function tokenIn(answer: WireAnswer, scheme: string): Uint8Array | undefined {
  const found = answer.field('WWW-Authenticate').find((each) => each.startsWith(`${scheme} `))
  return found === undefined ? undefined : new Uint8Array(Buffer.from(found.slice(scheme.length + 1), 'base64'))
}
