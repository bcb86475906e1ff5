import assert from 'node:assert/strict'
import {
  decodeDer,
  decodePadded,
  encodeDer,
  KerberosKey,
  KeyUsage,
  krbtgt,
  makeKdcReqBody,
  MessageType,
  PaDataType,
  readEncKdcRepPart,
  readEncTicketPart,
  readKdcRep,
  readKrbError,
  writeApReq,
  writeAuthenticator,
  writeEncryptedData,
  writeKdcReq,
  writePaEncTsEnc,
  type Authenticator,
  type EncKdcRepPart,
  type EncTicketPart,
  type KdcRep,
  type KdcReqBody,
  type KdcReqBodyFields,
  type KrbError,
  type PaData,
  type Ticket,
} from '../../src/kerberos/index.js'
import type { KdcPeer } from '../../src/kdc/index.js'
import { ENCTYPES, keyOf, principalOf, REALM, type TestRealm } from './realm.js'

/** Requests by our own codecs: for what no proper client asks, and for looking into replies. */

let nonces = 1

export function bodyOf(realm: TestRealm, fields: Partial<KdcReqBodyFields> = {}): KdcReqBody {
  return makeKdcReqBody({
    kdcOptions: 0,
    realm: realm.kdc.realm,
    sname: krbtgt(realm.kdc.realm).name,
    till: new Date(realm.now.getTime() + 86_400_000),
    nonce: nonces++,
    etype: ENCTYPES,
    ...fields,
  })
}

export function asReq(
  realm: TestRealm,
  client: string,
  fields: Partial<KdcReqBodyFields> = {},
  padata: readonly PaData[] = [],
): Uint8Array {
  const { name, realm: where } = principalOf(client)
  const reqBody = bodyOf(realm, { cname: name, realm: where === REALM ? realm.kdc.realm : where, ...fields })
  const list = padata.length === 0 ? undefined : padata
  return encodeDer({ msgType: MessageType.KRB_AS_REQ, padata: list, reqBody }, writeKdcReq)
}

/** PA-ENC-TIMESTAMP. */
export function timestamp(key: KerberosKey, time: Date): PaData {
  const cipher = key.encrypt(KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, encodeDer({ patimestamp: time }, writePaEncTsEnc))
  return {
    padataType: PaDataType.PA_ENC_TIMESTAMP,
    padataValue: encodeDer({ etype: key.enctype, cipher }, writeEncryptedData),
  }
}

export type KdcAnswer =
  { readonly kind: 'error'; readonly error: KrbError } | { readonly kind: 'reply'; readonly reply: KdcRep }

export async function send(realm: TestRealm, request: Uint8Array, from: KdcPeer = realm.peer): Promise<KdcAnswer> {
  const bytes = await realm.kdc.handle(request, from)
  assert.ok(bytes !== undefined, 'there is a reply')
  return bytes[0] === 0x7e
    ? { kind: 'error', error: decodeDer(bytes, readKrbError) }
    : { kind: 'reply', reply: decodeDer(bytes, readKdcRep) }
}

/** The code of the error that a request is answered by. */
export async function errorOf(realm: TestRealm, request: Uint8Array, from?: KdcPeer): Promise<number> {
  const answer = await send(realm, request, from)
  assert.ok(answer.kind === 'error', 'an error was expected')
  return answer.error.errorCode
}

/** A ticket that can be shown. */
export interface Shown {
  readonly ticket: Ticket
  readonly client: string
  readonly sessionKey: KerberosKey
}

/** A ticket as its client has it. */
export interface Held extends Shown {
  readonly part: EncKdcRepPart
}

/** Opens a reply that must not be an error. */
export function hold(answer: KdcAnswer, client: string, key: KerberosKey, usage: number): Held {
  const why = answer.kind === 'error' ? `error ${answer.error.errorCode}: ${answer.error.eText ?? ''}` : ''
  assert.ok(answer.kind === 'reply', why)
  const { ticket, encPart } = answer.reply
  const part = decodePadded(key.decrypt(usage, encPart.cipher), readEncKdcRepPart)
  return { ticket, client, part, sessionKey: new KerberosKey(part.key.keytype, part.key.keyvalue) }
}

export async function logOn(realm: TestRealm, client: string, fields: Partial<KdcReqBodyFields> = {}): Promise<Held> {
  const key = await keyOf(realm, client)
  const answer = await send(realm, asReq(realm, client, fields, [timestamp(key, realm.now)]))
  return hold(answer, client, key, KeyUsage.AS_REP_ENCPART)
}

/** What a TGS-REQ has otherwise than usual. */
export interface TgsTweaks {
  readonly authenticator?: Partial<Authenticator>
  readonly padata?: readonly PaData[]
  /** Of the request that is signed, where another is sent. */
  readonly signed?: Uint8Array
  readonly usage?: number
}

let microseconds = 0

export function apReqOf(realm: TestRealm, held: Shown, usage: number, part: Partial<Authenticator> = {}): Uint8Array {
  const { name, realm: crealm } = principalOf(held.client)
  const authenticator = encodeDer(
    { crealm, cname: name, cusec: microseconds++ % 1_000_000, ctime: realm.now, ...part },
    writeAuthenticator,
  )
  const { sessionKey: key, ticket } = held
  const cipher = key.encrypt(usage, authenticator)
  return encodeDer({ apOptions: 0, ticket, authenticator: { etype: key.enctype, cipher } }, writeApReq)
}

export function tgsReq(
  realm: TestRealm,
  held: Shown,
  service: string | undefined,
  fields: Partial<KdcReqBodyFields> = {},
  tweaks: TgsTweaks = {},
): Uint8Array {
  const sname = service === undefined ? undefined : principalOf(service).name
  const reqBody = bodyOf(realm, { sname, ...fields })
  const { sessionKey: key } = held
  const cksum = {
    cksumtype: key.profile.checksumType,
    checksum: key.checksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, tweaks.signed ?? reqBody.raw),
  }
  const usage = tweaks.usage ?? KeyUsage.TGS_REQ_AUTHENTICATOR
  const padataValue = apReqOf(realm, held, usage, { cksum, ...tweaks.authenticator })
  const padata = [{ padataType: PaDataType.PA_TGS_REQ, padataValue }, ...(tweaks.padata ?? [])]
  return encodeDer({ msgType: MessageType.KRB_TGS_REQ, padata, reqBody }, writeKdcReq)
}

export async function obtain(
  realm: TestRealm,
  held: Held,
  service: string | undefined,
  fields: Partial<KdcReqBodyFields> = {},
  tweaks: TgsTweaks = {},
): Promise<Held> {
  const answer = await send(realm, tgsReq(realm, held, service, fields, tweaks))
  return hold(answer, held.client, held.sessionKey, KeyUsage.TGS_REP_ENCPART_SESSION_KEY)
}

/** What a service sees. */
export function ticketPart({ ticket }: Pick<Held, 'ticket'>, key: KerberosKey): EncTicketPart {
  return decodePadded(key.decrypt(KeyUsage.KDC_REP_TICKET, ticket.encPart.cipher), readEncTicketPart)
}

export const has = ({ part }: Held, flag: number): boolean => (part.flags & flag) !== 0
