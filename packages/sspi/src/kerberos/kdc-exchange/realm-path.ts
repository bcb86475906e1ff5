import { SspiError } from '../../status/index.js'
import type { KdcClient } from '../kdc-client.js'
import { formatPrincipal, krbtgt, realmOfKrbtgt, type Target } from '../principals.js'
import type { Effectful } from '../effect-run.js'
import type { ServiceTicket } from '../service-ticket.js'
import { copyTicket } from '../service-ticket.js'
import { askTgs } from './tgs-exchange.js'

/**
 * The way from a client's realm to a service: through realms that trust one another, each of which is entered once. It holds
 * one ticket-granting ticket at a time. Its owner disposes of it.
 */
export class RealmPath {
  readonly #client: KdcClient
  readonly #visited: string[]
  #tgt: ServiceTicket

  /** @param tgt - Of the client's own realm; a copy is kept. */
  constructor(client: KdcClient, tgt: ServiceTicket) {
    this.#client = client
    this.#tgt = copyTicket(tgt)
    this.#visited = [this.realm]
  }

  /** The realm whose KDC can be asked now. */
  get realm(): string {
    return realmOfKrbtgt(this.#tgt.server.name) ?? this.#tgt.server.realm
  }

  /**
   * Goes to a realm, by the path that is configured or, where there is none, as the KDCs say: each gives a ticket for the
   * realm or for one closer to it (RFC 4120 section 3.3.1).
   */
  *goTo(realm: string): Effectful<void> {
    while (this.realm !== realm) {
      const towards = this.#nextTowards(realm)
      const stored = this.#stored(realm) ?? this.#stored(towards)
      if (stored !== undefined) {
        this.#enter(copyTicket(stored), realm)
        continue
      }
      const { name } = krbtgt(towards)
      const next = yield* askTgs(this.#client, this.#tgt, { server: name, canonicalize: true })
      this.#enter(next, realm)
    }
  }

  /** A ticket for a service, which may be one realm or several further on: RFC 6806 section 8. */
  *ask(target: Target): Effectful<ServiceTicket> {
    for (;;) {
      const ticket = yield* askTgs(this.#client, this.#tgt, { server: target.name, canonicalize: true })
      // A ticket-granting service that was asked for by name is no referral.
      const next = realmOfKrbtgt(ticket.server.name)
      if (next === undefined || next === realmOfKrbtgt(target.name)) return ticket
      this.#enter(ticket, target.realm)
    }
  }

  dispose(): void {
    this.#tgt.sessionKey.dispose()
  }

  #enter(tgt: ServiceTicket, destination: string | undefined): void {
    const next = realmOfKrbtgt(tgt.server.name) ?? tgt.server.realm
    const objection = this.#objectionTo(next, destination)
    if (objection !== undefined) {
      tgt.sessionKey.dispose()
      throw objection
    }
    this.#tgt.sessionKey.dispose()
    this.#tgt = tgt
    this.#visited.push(next)
    this.#client.credential.outbound.store.add(copyTicket(tgt))
  }

  #objectionTo(next: string, destination: string | undefined): SspiError | undefined {
    const way = [...this.#visited, next].join(' to ')
    const who = formatPrincipal(this.#tgt.client)
    if (this.#visited.includes(next)) {
      return new SspiError('SEC_E_MAX_REFERRALS_EXCEEDED', `${who}: referred in a circle, from ${way}`)
    }
    const { maxReferrals } = this.#client.settings
    if (this.#visited.length > maxReferrals) {
      return new SspiError(
        'SEC_E_MAX_REFERRALS_EXCEEDED',
        `${who}: referred from ${way}, ${maxReferrals} times allowed`,
      )
    }
    const between = destination === undefined ? undefined : this.#configuredPath(destination)
    if (between === undefined || next === destination || between.includes(next)) return undefined
    return new SspiError('SEC_E_KDC_UNABLE_TO_REFER', `${who}: referred from ${way}, which capaths does not allow`)
  }

  /** What to ask this realm's KDC for: the next realm of the configured path, or the destination. */
  #nextTowards(destination: string): string {
    const path = this.#configuredPath(destination)
    return path?.find((realm) => !this.#visited.includes(realm)) ?? destination
  }

  #configuredPath(destination: string): readonly string[] | undefined {
    const { capaths } = this.#client.settings
    return capaths
      .get(this.#visited[0] ?? '')
      ?.get(destination)
      ?.filter((realm) => realm !== '.')
  }

  /**
   * A ticket for another realm that the realm where we are has given. Whoever gave a ticket knows its session key, and could
   * answer in the other realm's place: one of a third realm that was passed through once counts there only.
   */
  #stored(realm: string): ServiceTicket | undefined {
    const { credential, settings, world } = this.#client
    const { name } = krbtgt(realm)
    return credential.outbound.store.find({ name, realm: this.realm }, world.now(), settings.tgsEnctypes)
  }
}
