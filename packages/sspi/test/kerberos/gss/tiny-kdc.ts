import { toHex } from '../../../src/bytes/index.js'
import { wipe } from '../../../src/crypto/index.js'
import {
  KdcOption,
  KerberosErrorCode,
  MessageType,
  NameType,
  PaDataType,
  TicketFlag,
  TransitedType,
} from '../../../src/kerberos/constants.js'
import { Enctype, KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { writeKeytab } from '../../../src/kerberos/files/index.js'
import { decodePadded } from '../../../src/kerberos/gss/ap-messages.js'
import {
  decodeDer,
  encodeDer,
  makeTicket,
  readApReq,
  readAuthenticator,
  readEncryptedData,
  readEncTicketPart,
  readKdcReq,
  writeEncKdcRepPart,
  writeEncTicketPart,
  writeEtypeInfo2,
  writeKdcRep,
  writeKrbError,
  writeMethodData,
  type AuthorizationDataElement,
  type EncTicketPart,
  type KdcReq,
  type PrincipalName,
  type TransitedEncoding,
} from '../../../src/kerberos/messages/index.js'
import { formatName } from '../../../src/kerberos/principals.js'
import type { KdcQuery } from '../../../src/sspi/index.js'

/** What a {@link TinyKdc} does otherwise than usual. */
export interface TinyKdcOptions {
  readonly now: () => Date
  readonly random: (length: number) => Uint8Array
  /** The type of every key. Default AES-256 with SHA-1. */
  readonly enctype?: number
  /** Beside the usual flags of service tickets. */
  readonly ticketFlags?: number
  readonly lifetimeSeconds?: number
  readonly transited?: TransitedEncoding
  readonly authorizationData?: readonly AuthorizationDataElement[] | AuthorizationDataMaker
  /** The same of ticket-granting tickets. */
  readonly tgtAuthorizationData?: readonly AuthorizationDataElement[]
  /** Put on every service ticket, whatever the version of the key is. */
  readonly kvno?: number
}

/** Makes the authorization data of a service ticket, which may be signed by the service's key. */
export type AuthorizationDataMaker = (serverKey: KerberosKey) => readonly AuthorizationDataElement[]

export const REALM = 'EXAMPLE.COM'
const KVNO = 3
const NO_TRANSITED: TransitedEncoding = { trType: TransitedType.DOMAIN_X500_COMPRESS, contents: new Uint8Array(0) }

/** A KDC of a single realm for tests: it believes whoever knows the key of a name, whatever else is in the request. */
export class TinyKdc {
  readonly #keys = new Map<string, KerberosKey>()
  readonly #options: TinyKdcOptions

  constructor(options: TinyKdcOptions, ...names: readonly string[]) {
    this.#options = options
    for (const name of [`krbtgt/${REALM}`, ...names]) {
      this.#keys.set(name, KerberosKey.generate(options.enctype ?? Enctype.AES256_CTS_HMAC_SHA1_96, options.random))
    }
  }

  /** A name's key, hexadecimal. */
  keyText(name: string): string {
    return toHex(this.#key(name).reveal())
  }

  /** A keytab with the keys of some names. */
  keytab(...names: readonly string[]): Uint8Array {
    return this.keytabOf(...names.map((name) => ({ name, kvno: KVNO })))
  }

  keytabOf(...entries: readonly { readonly name: string; readonly kvno: number }[]): Uint8Array {
    return writeKeytab({
      version: 2,
      byteOrder: 'big',
      entries: entries.map(({ name, kvno }) => {
        const key = this.#key(name)
        return {
          realm: REALM,
          name: nameOf(name),
          timestamp: 0,
          kvno,
          key: { keytype: key.enctype, keyvalue: key.reveal() },
        }
      }),
    })
  }

  answer(query: KdcQuery): Uint8Array {
    const request = decodeDer(query.request, readKdcReq)
    const isAs = request.msgType === MessageType.KRB_AS_REQ
    return isAs ? this.#initial(request) : this.#ticket(request)
  }

  #initial(request: KdcReq): Uint8Array {
    const client = request.reqBody.cname!
    const key = this.#keys.get(formatName(client))
    if (key === undefined) return this.#error(KerberosErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN, request)
    const timestamp = request.padata?.find(({ padataType }) => padataType === PaDataType.PA_ENC_TIMESTAMP)
    if (timestamp === undefined) {
      const info = [{ etype: key.enctype, salt: new Uint8Array(0) }]
      const methods = [
        { padataType: PaDataType.PA_ETYPE_INFO2, padataValue: encodeDer(info, writeEtypeInfo2) },
        { padataType: PaDataType.PA_ENC_TIMESTAMP, padataValue: new Uint8Array(0) },
      ]
      return this.#error(KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED, request, encodeDer(methods, writeMethodData))
    }
    try {
      const { cipher } = decodeDer(timestamp.padataValue, readEncryptedData)
      wipe(key.decrypt(KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, cipher))
    } catch {
      return this.#error(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, request)
    }
    const flags = TicketFlag.INITIAL | TicketFlag.PRE_AUTHENT | TicketFlag.FORWARDABLE
    const crealm = REALM
    return this.#reply(request, { cname: client, crealm, flags, authtime: this.#now }, key, KeyUsage.AS_REP_ENCPART)
  }

  #ticket(request: KdcReq): Uint8Array {
    const padata = request.padata?.find(({ padataType }) => padataType === PaDataType.PA_TGS_REQ)
    const { ticket, authenticator } = decodeDer(padata!.padataValue, readApReq)
    const plain = this.#key(`krbtgt/${REALM}`).decrypt(KeyUsage.KDC_REP_TICKET, ticket.encPart.cipher)
    const part = decodePadded(plain, readEncTicketPart)
    const sessionKey = new KerberosKey(part.key.keytype, part.key.keyvalue)
    const text = sessionKey.decrypt(KeyUsage.TGS_REQ_AUTHENTICATOR, authenticator.cipher)
    const { subkey } = decodePadded(text, readAuthenticator)
    const replyKey = new KerberosKey(subkey!.keytype, subkey!.keyvalue)
    wipe(text)
    wipe(plain)
    sessionKey.dispose()
    try {
      if (!this.#keys.has(formatName(request.reqBody.sname!))) {
        return this.#error(KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN, request)
      }
      const forwarded = (request.reqBody.kdcOptions & KdcOption.FORWARDED) !== 0 ? TicketFlag.FORWARDED : 0
      const flags = TicketFlag.PRE_AUTHENT | TicketFlag.FORWARDABLE | forwarded | (this.#options.ticketFlags ?? 0)
      const { cname, crealm, authtime } = part
      return this.#reply(request, { cname, crealm, flags, authtime }, replyKey, KeyUsage.TGS_REP_ENCPART_SUBKEY)
    } finally {
      replyKey.dispose()
    }
  }

  #reply(
    request: KdcReq,
    client: Pick<EncTicketPart, 'cname' | 'crealm' | 'flags' | 'authtime'>,
    replyKey: KerberosKey,
    usage: number,
  ): Uint8Array {
    const { random, lifetimeSeconds = 36_000, transited, kvno } = this.#options
    const { authorizationData, tgtAuthorizationData } = this.#options
    const sname = request.reqBody.sname!
    const serverKey = this.#key(formatName(sname))
    const isService = sname.nameString[0] !== 'krbtgt'
    const sessionKey = KerberosKey.generate(serverKey.enctype, random)
    const keyvalue = sessionKey.reveal()
    const common = {
      flags: client.flags,
      key: { keytype: sessionKey.enctype, keyvalue },
      authtime: client.authtime,
      starttime: this.#now,
      endtime: new Date(this.#now.getTime() + lifetimeSeconds * 1000),
    }
    const ticketPart = encodeDer(
      {
        ...common,
        crealm: client.crealm,
        cname: client.cname,
        transited: (isService ? transited : undefined) ?? NO_TRANSITED,
        authorizationData: isService
          ? typeof authorizationData === 'function'
            ? authorizationData(serverKey)
            : authorizationData
          : tgtAuthorizationData,
      },
      writeEncTicketPart,
    )
    const ticket = makeTicket({
      realm: REALM,
      sname,
      encPart: {
        etype: serverKey.enctype,
        kvno: (isService ? kvno : undefined) ?? KVNO,
        cipher: serverKey.encrypt(KeyUsage.KDC_REP_TICKET, ticketPart, random(serverKey.profile.confounderBytes)),
      },
    })
    const isAs = request.msgType === MessageType.KRB_AS_REQ
    const part = encodeDer(
      {
        ...common,
        type: isAs ? ('EncASRepPart' as const) : ('EncTGSRepPart' as const),
        lastReq: [],
        nonce: request.reqBody.nonce,
        srealm: REALM,
        sname,
      },
      writeEncKdcRepPart,
    )
    wipe(keyvalue)
    sessionKey.dispose()
    return encodeDer(
      {
        msgType: isAs ? MessageType.KRB_AS_REP : MessageType.KRB_TGS_REP,
        crealm: client.crealm,
        cname: client.cname,
        ticket,
        encPart: {
          etype: replyKey.enctype,
          cipher: replyKey.encrypt(usage, part, random(replyKey.profile.confounderBytes)),
        },
      },
      writeKdcRep,
    )
  }

  #error(errorCode: number, request: KdcReq, eData?: Uint8Array): Uint8Array {
    const { sname, realm } = request.reqBody
    return encodeDer({ stime: this.#now, susec: 0, errorCode, realm, sname: sname!, eData }, writeKrbError)
  }

  get #now(): Date {
    return new Date(Math.floor(this.#options.now().getTime() / 1000) * 1000)
  }

  #key(name: string): KerberosKey {
    const key = this.#keys.get(name)
    if (key === undefined) throw new Error(`the test's KDC does not know ${name}`)
    return key
  }
}

export function nameOf(text: string): PrincipalName {
  const nameString = text.split('/')
  return { nameType: nameString.length > 1 ? NameType.NT_SRV_INST : NameType.NT_PRINCIPAL, nameString }
}
