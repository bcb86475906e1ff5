import { fromHex } from '../../../src/bytes/index.js'
import { CbcCts } from '../../../src/crypto/index.js'
import { deriveRandom, kdfFeedbackCmac, kdfHmacSha2, usageConstant } from '../../../src/kerberos/enctypes/derivation.js'
import { Enctype, KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { openOldAlgorithm } from '../../../src/kerberos/gss/old-algorithms.js'
import type { ProtectionParts } from '../../../src/kerberos/gss/message-protection.js'
import type { Side } from '../../../src/sspi/index.js'
import { readVectors, type VectorCase } from '../../vectors.js'

/** A key as the vectors write it. */
export interface KeyText {
  readonly enctype: number
  readonly key: string
}

/** A message of a recorded context, hexadecimal. */
export interface RecordedMessage {
  readonly from: Side
  readonly op: 'wrap' | 'mic' | 'wrapIov'
  readonly confidential?: boolean
  readonly plaintext: string
  /** Of `wrap` and `mic`. */
  readonly token?: string
  readonly signOnly1?: string
  readonly signOnly2?: string
  readonly header?: string
  readonly data?: string
  readonly padding?: string
  readonly trailer?: string
}

/** What goes in. */
export interface ContextInput {
  readonly serviceKey: KeyText & { readonly principal: string }
  readonly tokens: readonly { readonly from: Side; readonly token: string }[]
  readonly channelBindings?: { readonly applicationData: string }
}

/** What comes out. */
export interface ContextExpected {
  readonly ticketSessionKey: KeyText
  readonly encTicketPart: {
    readonly flags: string
    readonly crealm: string
    readonly cname: { readonly name: readonly string[] }
    readonly endtime: string
  }
  readonly authenticator: {
    readonly ctime: string
    readonly cusec: number
    readonly seqNumber: number
    readonly subkey: KeyText
    readonly cksum: { readonly checksum: string }
  }
  readonly encApRepPart?: {
    readonly ctime: string
    readonly cusec: number
    readonly seqNumber: number
    readonly subkey?: KeyText
  }
  readonly apOptions: string
  readonly contextKey: KeyText
  readonly retFlags: number
  readonly gssChecksum: { readonly bindings: string; readonly flags: number; readonly delegationKrbCred?: string }
  readonly messages: readonly RecordedMessage[]
}

/** A context between two GSS-API peers of MIT. */
export type RecordedContext = VectorCase<ContextInput, ContextExpected>

/** The recorded contexts of some vector files. */
export function recordedContexts(...names: readonly string[]): readonly RecordedContext[] {
  return names.flatMap((name) => readVectors<ContextInput, ContextExpected>(name).cases)
}

export function keyOf({ enctype, key }: KeyText): KerberosKey {
  return new KerberosKey(enctype, fromHex(key))
}

/** One side of a recorded context's messages. @param confounder - What the next encryption takes. */
export function sideOf(context: RecordedContext, side: Side, confounder?: () => Uint8Array): ProtectionParts {
  const { contextKey, encApRepPart, gssChecksum } = context.expected
  return {
    side,
    key: keyOf(contextKey),
    acceptorSubkey: encApRepPart?.subkey !== undefined,
    dceStyle: (gssChecksum.flags & 0x1000) !== 0,
    random: confounder ?? (() => new Uint8Array(16)),
  }
}

/** A recorded message in one piece, in the order of a Wrap token. */
export function wholeOf({ token, header, data, padding, trailer }: RecordedMessage): Uint8Array {
  return fromHex(token ?? `${header ?? ''}${data ?? ''}${padding ?? ''}${trailer ?? ''}`)
}

/** The confounder of a recorded message, by its derived key. */
export function confounderOf(context: RecordedContext, message: RecordedMessage, sequence: number): Uint8Array {
  const key = keyOf(context.expected.contextKey)
  const whole = wholeOf(message)
  const old = openOldAlgorithm(key)
  if (old !== undefined) {
    const dce = (context.expected.gssChecksum.flags & 0x1000) !== 0
    const dataBytes = dce ? message.data!.length / 2 : message.plaintext.length / 2
    const behind = dce ? 0 : old.blockBytes - (dataBytes % old.blockBytes)
    const body = whole.slice(whole.length - dataBytes - behind - 8)
    if (message.confidential === true) old.decrypt(body, sequence)
    return body.subarray(0, 8)
  }
  const dceStyle = (context.expected.gssChecksum.flags & 0x1000) !== 0
  const rrc = whole[6]! * 256 + whole[7]! + (dceStyle ? whole[5]! : 0)
  const turned = whole.subarray(16)
  const body = Uint8Array.from([...turned.subarray(rrc), ...turned.subarray(0, rrc)])
  const usage = message.from === 'initiator' ? KeyUsage.GSS_INITIATOR_SEAL : KeyUsage.GSS_ACCEPTOR_SEAL
  const constant = usageConstant(usage, 0xaa)
  const secret = key.reveal()
  const { cipher, derive } = cipherOf(key.enctype)!
  const usageKey = derive(secret, constant, secret.length)
  return new CbcCts(cipher, usageKey).decrypt(body.subarray(0, body.length - key.profile.macBytes)).subarray(0, 16)
}

/** The cipher of an encryption type, and how its keys are derived; `undefined` for the two oldest. */
export function cipherOf(enctype: number): CipherFacts | undefined {
  return CIPHERS.get(enctype)
}

interface CipherFacts {
  readonly cipher: Cipher
  readonly derive: (key: Uint8Array, constant: Uint8Array, length: number) => Uint8Array
}

type Cipher = 'aes128' | 'aes256' | 'camellia128' | 'camellia256'

const CIPHERS: ReadonlyMap<number, CipherFacts> = new Map<number, CipherFacts>([
  [Enctype.AES128_CTS_HMAC_SHA1_96, { cipher: 'aes128', derive: deriveRandom('aes128') }],
  [Enctype.AES256_CTS_HMAC_SHA1_96, { cipher: 'aes256', derive: deriveRandom('aes256') }],
  [Enctype.AES128_CTS_HMAC_SHA256_128, { cipher: 'aes128', derive: kdfHmacSha2('sha256') }],
  [Enctype.AES256_CTS_HMAC_SHA384_192, { cipher: 'aes256', derive: kdfHmacSha2('sha384') }],
  [Enctype.CAMELLIA128_CTS_CMAC, { cipher: 'camellia128', derive: kdfFeedbackCmac('camellia128') }],
  [Enctype.CAMELLIA256_CTS_CMAC, { cipher: 'camellia256', derive: kdfFeedbackCmac('camellia256') }],
])
