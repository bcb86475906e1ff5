import { SspiError } from '../../status/index.js'
import { MessageType, PaDataType } from '../constants.js'
import type { Effectful } from '../effect-run.js'
import type { KerberosKey } from '../enctypes/index.js'
import { makeArmor, type FastArmor } from '../fast/armor.js'
import { openArmoredReply, openRefusal, plainRefusal, type ArmoredReply, type KdcRefusal } from '../fast/fast-reply.js'
import { makeFastRequest } from '../fast/fast-request.js'
import type { KdcClient } from '../kdc-client.js'
import {
  encodeDer,
  writeKdcReq,
  type EncKdcRepPart,
  type KdcRep,
  type KdcReqBody,
  type KrbError,
  type PaData,
} from '../messages/index.js'
import { formatPrincipal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { refused } from './kdc-errors.js'

/** Obtains the ticket-granting ticket that armour for a realm is made of; `undefined` where there is none to be had. */
export type ArmorSource = (realm: string) => Effectful<ServiceTicket | undefined>

/**
 * FAST in an AS exchange, RFC 6113 section 5.4: whether it is spoken, under which armour, and what that proves. Once an exchange
 * is armoured it stays so. Its owner disposes of it.
 */
export class AsArmor {
  readonly #client: KdcClient
  readonly #given: ArmorSource | undefined
  /** `undefined` once it has had nothing for this realm. */
  #source: ArmorSource | undefined
  #wanted: boolean
  #offered = false
  #armor: FastArmor | undefined

  constructor(client: KdcClient, source: ArmorSource | undefined) {
    const { fast } = client.settings
    this.#client = client
    this.#given = fast === 'never' ? undefined : source
    this.#source = this.#given
    this.#wanted = fast === 'required'
  }

  /** The armour key, where there is one. */
  get key(): KerberosKey | undefined {
    return this.#armor?.key
  }

  /**
   * Puts armour on where it is wanted and not on yet.
   *
   * @throws {@link SspiError} `SEC_E_UNSUPPORTED_PREAUTH` when FAST is required and there is no armour; otherwise as the source.
   */
  *prepare(realm: string): Effectful<void> {
    if (!this.#wanted || this.#armor !== undefined) return
    const ticket = yield* this.#obtain(realm)
    if (ticket === undefined) {
      this.#wanted = false
      this.#source = undefined
      return
    }
    const { credential, world } = this.#client
    try {
      const time = credential.timestamps.next(world.now(), ticket.kdcTimeOffsetMs)
      this.#armor = makeArmor(ticket, time, (length) => world.random(length))
    } finally {
      ticket.sessionKey.dispose()
    }
  }

  /** The request as it is sent. */
  request(padata: readonly PaData[], reqBody: KdcReqBody): Uint8Array {
    const armor = this.#armor
    const sent =
      armor === undefined
        ? padata
        : [
            makeFastRequest(armor, { padata, reqBody, covered: reqBody.raw }, (length) =>
              this.#client.world.random(length),
            ),
          ]
    return encodeDer({ msgType: MessageType.KRB_AS_REQ, padata: sent, reqBody }, writeKdcReq)
  }

  /** What an error says, by the armour where there is some. */
  openError(error: KrbError, { nonce }: KdcReqBody): KdcRefusal {
    return this.#armor === undefined ? plainRefusal(error) : openRefusal(this.#armor, error, nonce)
  }

  /** A reply as the armour proves it. @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` for one without, where there is armour. */
  openReply(reply: KdcRep, { nonce, realm }: KdcReqBody): ArmoredReply {
    if (this.#armor === undefined) return { reply, strengthenKey: undefined }
    const opened = openArmoredReply(this.#armor, reply, nonce)
    if (opened !== undefined) return opened
    throw refused(realm, 'it came without the armour (FAST) that the request had')
  }

  /** Whether the KDC's offer is reason to begin again, now with armour. */
  takesOffer(methodData: readonly PaData[]): boolean {
    this.#offered ||= methodData.some(({ padataType }) => padataType === PaDataType.PA_FX_FAST)
    if (!this.#offered || this.#wanted || this.#armor !== undefined || this.#source === undefined) return false
    this.#wanted = true
    return true
  }

  /**
   * RFC 6113 section 5.4.2: the encrypted part of a reply says whether the KDC speaks FAST. One that does has offered it as
   * well, unless somebody took that out of its error, which nobody signs.
   *
   * @param demanded - Whether the reply came after a demand of the KDC.
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED`.
   */
  checkOffer(part: EncKdcRepPart, realm: string, demanded: boolean): void {
    if (this.#armor !== undefined || this.#source === undefined || this.#offered || !demanded) return
    if (part.encryptedPaData?.some(({ padataType }) => padataType === PaDataType.PA_FX_FAST) !== true) return
    throw refused(realm, 'the KDC speaks FAST, and somebody has taken its offer out of an error on the way')
  }

  /** Takes the armour off, for a new one: of another time. */
  renew(): void {
    this.#armor?.key.dispose()
    this.#armor = undefined
  }

  /** Begins anew at the KDC of another realm. */
  restart(): void {
    this.renew()
    this.#offered = false
    this.#source = this.#given
    this.#wanted = this.#client.settings.fast === 'required'
  }

  dispose(): void {
    this.renew()
  }

  *#obtain(realm: string): Effectful<ServiceTicket | undefined> {
    const { fast } = this.#client.settings
    let cause: unknown
    try {
      const ticket = this.#source === undefined ? undefined : yield* this.#source(realm)
      if (ticket !== undefined || fast !== 'required') return ticket
    } catch (error) {
      // Where FAST is welcome only, a host without tickets must not keep its users out.
      if (!(error instanceof SspiError)) throw error
      if (fast !== 'required') return undefined
      cause = error
    }
    const who = formatPrincipal(this.#client.credential.outbound.principal)
    const why =
      cause instanceof SspiError ? `the armour cannot be had: ${cause.message}` : 'there is no armour: give `armor`'
    throw new SspiError('SEC_E_UNSUPPORTED_PREAUTH', `Kerberos: FAST is required for ${who}, and ${why}`, { cause })
  }
}
