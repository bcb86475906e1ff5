import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_USE_DCE_STYLE,
  SEC_E_OK,
  SECBUFFER_DATA,
  SECBUFFER_READONLY,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_CRED_OUTBOUND,
  type CredentialValue,
  type CredHandle,
  type CtxtHandle,
  type SecurityFunctionTable,
} from 'sspi'
import { Wire, type WireOptions } from './wire.js'

/** The types of the PDUs that are used here, C706 §12.6.4 and MS-RPCE 2.2.2. */
const PduType = {
  REQUEST: 0,
  RESPONSE: 2,
  FAULT: 3,
  BIND: 11,
  BIND_ACK: 12,
  BIND_NAK: 13,
  ALTER_CONTEXT: 14,
  ALTER_CONTEXT_RESPONSE: 15,
  AUTH_3: 16,
} as const
type PduType = (typeof PduType)[keyof typeof PduType]

const Flag = { FIRST_FRAGMENT: 0x01, LAST_FRAGMENT: 0x02, SUPPORT_HEADER_SIGN: 0x04 } as const

/** `auth_type`, MS-RPCE 2.2.1.1.7. */
const AUTH_TYPES: Readonly<Record<string, number>> = { Negotiate: 9, NTLM: 10, Kerberos: 16 }
/** `auth_level`, MS-RPCE 2.2.1.1.8. */
const AUTH_LEVELS = { integrity: 5, privacy: 6 } as const

const HEADER_LENGTH = 16
const TRAILER_LENGTH = 8
/** Where the stub begins in a request and a response alike. */
const STUB_AT = 24
const MAX_FRAGMENT = 4280
const AUTH_CONTEXT_ID = 1
const NDR = { uuid: '8a885d04-1ceb-11c9-9fe8-08002b104860', version: 2 } as const

/** An interface, as its IDL names it. */
export interface RpcInterface {
  readonly uuid: string
  /** The major version; the minor one is 0 in all that is used here. */
  readonly version: number
}

/** How to protect the calls. */
export interface RpcSecurity {
  readonly table: SecurityFunctionTable
  readonly package: 'NTLM' | 'Negotiate' | 'Kerberos'
  readonly credentials: CredentialValue
  readonly target: string
  /** `integrity` signs stubs, `privacy` encrypts them too. */
  readonly level: keyof typeof AUTH_LEVELS
  /**
   * Whether bind says that headers and trailers are signed with the stub. NTLM signs them in any case (Samba, and so AD),
   * Kerberos only when it was said.
   */
  readonly announceHeaderSigning: boolean
}

/** The server refuses the call. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault'
  /** 5 is ERROR_ACCESS_DENIED, 0x6f7 RPC_X_BAD_STUB_DATA. */
  readonly status: number

  constructor(what: string, status: number) {
    super(`${what}: 0x${status.toString(16)}`)
    this.status = status
  }
}

interface Pdu {
  readonly type: PduType
  readonly flags: number
  /** The whole of it. */
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Where its trailer begins; its end when it has none. */
  readonly trailerAt: number
}

interface Protection {
  readonly security: RpcSecurity
  readonly context: CtxtHandle
  readonly signsHeaders: boolean
  /** The room that each message's signature takes. */
  readonly tokenLength: number
}

/** A client of connection-oriented DCE/RPC, as small as it can be: one interface, one call at a time. */
export class RpcClient implements Disposable {
  readonly #wire: Wire
  #credential: CredHandle | undefined
  #protection: Protection | undefined
  #callId = 0

  static async connect(options: WireOptions): Promise<RpcClient> {
    return new RpcClient(await Wire.connect(options))
  }

  private constructor(wire: Wire) {
    this.#wire = wire
  }

  /**
   * Binds to an interface, with or without protection.
   *
   * @throws {@link RpcFault} when the server refuses.
   */
  async bind(to: RpcInterface, security?: RpcSecurity): Promise<void> {
    this.#callId++
    if (security === undefined) {
      this.#send(PduType.BIND, bindBody(to))
      await this.#receive(PduType.BIND_ACK)
      return
    }
    const { table, package: name, credentials } = security
    const acquired = await table.acquireCredentialsHandle({
      package: name,
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData: credentials,
    })
    this.#credential = acquired.credential
    const context = await this.#establish(to, security, acquired.credential)
    const { maxSignature, securityTrailer } = table.queryContextAttributes(context, SECPKG_ATTR_SIZES)
    const tokenLength = security.level === 'privacy' ? securityTrailer : maxSignature
    const mechanism = table.queryContextAttributes(context, SECPKG_ATTR_PACKAGE_INFO).name
    const signsHeaders = security.announceHeaderSigning || mechanism === 'NTLM'
    this.#protection = { security, context, signsHeaders, tokenLength }
  }

  async #establish(to: RpcInterface, security: RpcSecurity, credential: CredHandle): Promise<CtxtHandle> {
    const { table, target, level } = security
    const contextReq =
      ISC_REQ_USE_DCE_STYLE |
      ISC_REQ_MUTUAL_AUTH |
      ISC_REQ_INTEGRITY |
      ISC_REQ_REPLAY_DETECT |
      ISC_REQ_SEQUENCE_DETECT |
      (level === 'privacy' ? ISC_REQ_CONFIDENTIALITY : 0)
    const flags = security.announceHeaderSigning ? Flag.SUPPORT_HEADER_SIGN : 0
    let [context, answer]: [CtxtHandle?, Uint8Array?] = []
    for (let legs = 0; ; legs++) {
      const output = new SecBuffer(SECBUFFER_TOKEN)
      const input = answer && new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, answer)])
      const step = await table.initializeSecurityContext({
        credential,
        context,
        targetName: target,
        contextReq,
        input,
        output: new SecBufferDesc([output]),
      })
      context = step.context
      const done = step.status === SEC_E_OK
      if (output.cbBuffer === 0) return context
      const trailer = securityTrailer(security, 0)
      // NTLM's last message gets no answer; SPNEGO's and Kerberos' third legs do.
      if (done && security.package === 'NTLM') {
        this.#send(PduType.AUTH_3, new Uint8Array(4), trailer, output.bytes)
        return context
      }
      const [type, ackType] =
        legs === 0
          ? ([PduType.BIND, PduType.BIND_ACK] as const)
          : ([PduType.ALTER_CONTEXT, PduType.ALTER_CONTEXT_RESPONSE] as const)
      this.#send(type, bindBody(to), trailer, output.bytes, flags)
      const pdu = await this.#receive(ackType)
      if (legs === 0 && security.announceHeaderSigning && (pdu.flags & Flag.SUPPORT_HEADER_SIGN) === 0) {
        throw new Error('bind: the server does not sign headers')
      }
      if (done) return context
      answer = pdu.bytes.subarray(pdu.trailerAt + TRAILER_LENGTH)
    }
  }

  /**
   * Makes a call: the stub goes in fragments, and the answer's are put together.
   *
   * @throws {@link RpcFault} when the server refuses.
   */
  async call(operation: number, stub: Uint8Array): Promise<Uint8Array> {
    this.#callId++
    const most = MAX_FRAGMENT - 512
    for (let at = 0; at === 0 || at < stub.length; at += most) {
      const last = at + most >= stub.length
      const flags = (at === 0 ? Flag.FIRST_FRAGMENT : 0) | (last ? Flag.LAST_FRAGMENT : 0)
      this.#sendRequest(operation, stub.subarray(at, at + most), stub.length - at, flags)
    }
    const parts: Uint8Array[] = []
    for (;;) {
      const pdu = await this.#receive(PduType.RESPONSE)
      parts.push(this.#protection === undefined ? pdu.bytes.subarray(STUB_AT) : unprotect(this.#protection, pdu))
      if ((pdu.flags & Flag.LAST_FRAGMENT) !== 0) return new Uint8Array(Buffer.concat(parts))
    }
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]()
    this.#protection?.context[Symbol.dispose]()
    this.#credential?.[Symbol.dispose]()
  }

  #sendRequest(operation: number, stub: Uint8Array, left: number, flags: number): void {
    const head = new Uint8Array(8)
    const view = new DataView(head.buffer)
    view.setUint32(0, left, true)
    view.setUint16(6, operation, true)
    const protection = this.#protection
    if (protection === undefined) {
      this.#wire.write(pduOf(PduType.REQUEST, flags, this.#callId, [head, stub]))
      return
    }
    // The trailer begins at a multiple of 16 from the stub (MS-RPCE 2.2.2.11).
    const padding = new Uint8Array(-stub.length & 15)
    const trailer = securityTrailer(protection.security, padding.length)
    const room = new Uint8Array(protection.tokenLength)
    const pdu = pduOf(PduType.REQUEST, flags, this.#callId, [head, stub, padding, trailer, room], room.length)
    protect(protection, pdu)
    this.#wire.write(pdu)
  }

  #send(type: PduType, body: Uint8Array, trailer?: Uint8Array, token?: Uint8Array, flags = 0): void {
    const whole = Flag.FIRST_FRAGMENT | Flag.LAST_FRAGMENT | flags
    const parts = trailer === undefined || token === undefined ? [body] : [body, trailer, token]
    this.#wire.write(pduOf(type, whole, this.#callId, parts, token?.length))
  }

  async #receive(expected: PduType): Promise<Pdu> {
    const header = await this.#wire.read(HEADER_LENGTH)
    const length = new DataView(header.buffer).getUint16(8, true)
    if (length < HEADER_LENGTH) throw new Error(`DCE/RPC: a PDU of ${length} bytes`)
    const bytes = new Uint8Array(Buffer.concat([header, await this.#wire.read(length - HEADER_LENGTH)]))
    const view = new DataView(bytes.buffer)
    const [type, flags] = [view.getUint8(2) as PduType, view.getUint8(3)]
    const authLength = view.getUint16(10, true)
    if (type === PduType.FAULT) throw new RpcFault('fault', view.getUint32(STUB_AT, true))
    if (type === PduType.BIND_NAK) throw new RpcFault('bind_nak', view.getUint16(HEADER_LENGTH, true))
    if (type !== expected) throw new Error(`DCE/RPC: a PDU of type ${type}, ${expected} was expected`)
    const trailerAt = authLength === 0 ? length : length - authLength - TRAILER_LENGTH
    return { type, flags, bytes, view, trailerAt }
  }
}

/** The buffers of a protected PDU: header, stub with its padding, trailer, signature. Views of it, worked on in place. */
function buffersOf({ signsHeaders }: Protection, pdu: Uint8Array, trailerAt: number): SecBufferDesc {
  const around = SECBUFFER_DATA | (signsHeaders ? SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_READONLY)
  const tokenAt = trailerAt + TRAILER_LENGTH
  return new SecBufferDesc([
    new SecBuffer(around, pdu.subarray(0, STUB_AT)),
    new SecBuffer(SECBUFFER_DATA, pdu.subarray(STUB_AT, trailerAt)),
    new SecBuffer(around, pdu.subarray(trailerAt, tokenAt)),
    new SecBuffer(SECBUFFER_TOKEN, pdu.subarray(tokenAt)),
  ])
}

function protect(protection: Protection, pdu: Uint8Array): void {
  const { security, context, tokenLength } = protection
  const buffers = buffersOf(protection, pdu, pdu.length - tokenLength - TRAILER_LENGTH)
  if (security.level === 'privacy') security.table.encryptMessage(context, 0, buffers)
  else security.table.makeSignature(context, 0, buffers)
  const { cbBuffer } = buffers.buffers[3]!
  if (cbBuffer !== tokenLength) throw new Error(`DCE/RPC: a signature of ${cbBuffer} bytes, not ${tokenLength}`)
}

function unprotect(protection: Protection, { bytes, view, trailerAt }: Pdu): Uint8Array {
  const { security, context } = protection
  const buffers = buffersOf(protection, bytes, trailerAt)
  if (security.level === 'privacy') security.table.decryptMessage(context, buffers)
  else security.table.verifySignature(context, buffers)
  return bytes.subarray(STUB_AT, trailerAt - view.getUint8(trailerAt + 2))
}

function pduOf(type: PduType, flags: number, callId: number, parts: readonly Uint8Array[], authLength = 0): Uint8Array {
  const pdu = new Uint8Array(Buffer.concat([new Uint8Array(HEADER_LENGTH), ...parts]))
  const view = new DataView(pdu.buffer)
  pdu.set([5, 0, type, flags, 0x10]) // version 5.0; little endian, ASCII, IEEE
  view.setUint16(8, pdu.length, true)
  view.setUint16(10, authLength, true)
  view.setUint32(12, callId, true)
  return pdu
}

/** The body of bind and alter_context: one interface in NDR. */
function bindBody({ uuid, version }: RpcInterface): Uint8Array {
  const body = new Uint8Array(56)
  const view = new DataView(body.buffer)
  view.setUint16(0, MAX_FRAGMENT, true)
  view.setUint16(2, MAX_FRAGMENT, true)
  body[8] = 1
  body[14] = 1
  body.set(uuidBytes(uuid), 16)
  view.setUint32(32, version, true)
  body.set(uuidBytes(NDR.uuid), 36)
  view.setUint32(52, NDR.version, true)
  return body
}

function securityTrailer({ package: name, level }: RpcSecurity, padLength: number): Uint8Array {
  return Uint8Array.of(AUTH_TYPES[name]!, AUTH_LEVELS[level], padLength, 0, AUTH_CONTEXT_ID, 0, 0, 0)
}

/** A UUID as it travels: its first three numbers little endian. */
export function uuidBytes(uuid: string): Uint8Array {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return new Uint8Array(bytes)
}
