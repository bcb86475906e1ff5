import { setTimeout as sleep } from 'node:timers/promises'
import type { KdcHandler, KdcPeer } from '../kdc/index.js'

/** Makes another reply of a KDC's: what a machine in the middle does. */
export type ForgeReply = (reply: Uint8Array, request: Uint8Array, from: KdcPeer) => Uint8Array

/** Who answers in the place of the domain's KDC. */
export type Impostor =
  /** Somebody who knows no key of the realm. */
  | 'stranger'
  /** Somebody who knows the users' passwords, but no key of a service: what a server guards against that checks passwords by Kerberos. */
  | 'knows-passwords'

/** What goes wrong at a test domain's KDC; all of it can be switched at any time, and off again by {@link reset}. */
export class TestFaults {
  /** Whether nobody is there: requests get no reply. */
  down = false
  /** How long each reply is held back, in milliseconds. */
  delayMilliseconds = 0
  /** Changes every reply on its way. */
  forge: ForgeReply | undefined
  /** Who answers in the place of the KDC. */
  impostor: Impostor | undefined
  #lost = 0
  #lostDatagrams = 0

  /** Loses the next requests: nobody answers them. */
  lose(count = 1): void {
    this.#lost += count
  }

  /** Loses the next requests that come over UDP; TCP, and clients in this process, are not concerned. */
  loseDatagrams(count = 1): void {
    this.#lostDatagrams += count
  }

  /** All is well again. */
  reset(): void {
    this.down = false
    this.delayMilliseconds = 0
    this.forge = undefined
    this.impostor = undefined
    this.#lost = 0
    this.#lostDatagrams = 0
  }

  /** The handler of a KDC with the faults in its way. */
  around(honest: KdcHandler, impostor: (kind: Impostor) => KdcHandler): KdcHandler {
    return async (request, from) => {
      if (this.down || this.#isLost(from)) return undefined
      const answer = this.impostor === undefined ? honest : impostor(this.impostor)
      const reply = await answer(request, from)
      if (this.delayMilliseconds > 0) await sleep(this.delayMilliseconds)
      return reply === undefined || this.forge === undefined ? reply : this.forge(reply, request, from)
    }
  }

  #isLost({ maxReplyBytes }: KdcPeer): boolean {
    if (this.#lost > 0) {
      this.#lost--
      return true
    }
    // Only datagrams have a bound on their replies.
    if (maxReplyBytes === undefined || this.#lostDatagrams === 0) return false
    this.#lostDatagrams--
    return true
  }
}
