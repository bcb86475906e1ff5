import { randomBytes } from '../../src/crypto/index.js'
import { embeddedKdc, embeddedSender, type EmbeddedKdc } from '../../src/io/embedded-kdc/index.js'
import { performEffects } from '../../src/io/krb5/index.js'
import { memoryPrincipals, type MemoryPrincipals, type PrincipalEntry } from '../../src/io/principals/index.js'
import type { KdcEvent, KdcPeer, KdcPolicyOptions } from '../../src/kdc/index.js'
import {
  Enctype,
  type KerberosKey,
  type Effectful,
  type KdcClient,
  parsePrincipal,
  type KerberosOptions,
  type PrincipalName,
} from '../../src/kerberos/index.js'
import { clientOf, passwordOf } from '../kerberos/kdc-exchange/fake-kdc.js'

export const NOW = new Date('2026-11-22T12:00:00Z')
export const REALM = 'EXAMPLE.COM'
export const PASSWORD = 'correct horse'
/** Fewer than usual, so that fewer passwords are stretched. */
export const ENCTYPES = [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES128_CTS_HMAC_SHA1_96]

export const ALICE: PrincipalEntry = { name: 'alice', password: PASSWORD }
export const WWW: PrincipalEntry = { name: 'HTTP/www.example.com' }

/** An embedded KDC with a clock that is moved by hand. */
export class TestRealm {
  readonly principals: MemoryPrincipals
  readonly kdc: EmbeddedKdc
  readonly events: KdcEvent[] = []
  readonly peer: KdcPeer = { service: 'kdc' }
  now = NOW

  constructor(entries: readonly PrincipalEntry[] = [ALICE, WWW], policy: KdcPolicyOptions = {}, realm = REALM) {
    this.principals = memoryPrincipals({ realm, entries, enctypes: ENCTYPES })
    this.kdc = embeddedKdc({
      realm,
      principals: this.principals,
      policy,
      now: () => this.now,
      onEvent: (event) => this.events.push(event),
    })
  }

  later(seconds: number): this {
    this.now = new Date(this.now.getTime() + seconds * 1000)
    return this
  }

  /** A client of ours that logs on with a password. */
  client(user = 'alice', password = PASSWORD, options: KerberosOptions = {}): KdcClient {
    const made = clientOf(passwordOf(user, password), { defaultRealm: this.kdc.realm, ...options })
    return { ...made, world: { now: () => this.now, random: randomBytes } }
  }

  /** Runs a piece of our client against the KDC, or those of several realms. */
  async run<T>(effectful: Effectful<T>, ...others: readonly TestRealm[]): Promise<T> {
    return performEffects(effectful, embeddedSender(this.kdc, ...others.map(({ kdc }) => kdc)))
  }
}

/** The newest AES-256 key of a principal. Ends with the database. */
export async function keyOf({ principals }: TestRealm, name: string): Promise<KerberosKey> {
  const entry = await principals.lookup({ principal: principalOf(name), as: 'service' })
  const found = entry?.keys.find(({ key }) => key.enctype === ENCTYPES[0])
  if (found === undefined) throw new Error(`no key of ${name}`)
  return found.key
}

export function principalOf(text: string): { readonly name: PrincipalName; readonly realm: string } {
  const { name, realm = REALM } = parsePrincipal(text)
  return { name, realm }
}
