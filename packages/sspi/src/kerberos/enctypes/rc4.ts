import { encodeAscii, utf16leEncode } from '../../bytes/index.js'
import { hmac, HmacMd5, hmacMd5, md4, md5, Rc4, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { KeyUsage, rc4MessageType } from './key-usage.js'
import { messageAltered } from './message-altered.js'
import {
  coveredParts,
  joined,
  type EncryptionProfile,
  type MessageCipher,
  type MessageMac,
  type SignedOnly,
} from './profile.js'

const MAC_BYTES = 16
const CONFOUNDER_BYTES = 8

/** rc4-hmac, RFC 4757; its key is the NT hash. Deprecated by RFC 8429. */
export const rc4Hmac = rc4Profile(Enctype.RC4_HMAC, ['arcfour-hmac', 'rc4-hmac', 'arcfour-hmac-md5'])

/** rc4-hmac-exp, RFC 4757, of which 56 bits count. For reading what is old. */
export const rc4HmacExp = rc4Profile(Enctype.RC4_HMAC_EXP, ['arcfour-hmac-exp', 'rc4-hmac-exp', 'arcfour-hmac-md5-exp'])

function rc4Profile(enctype: number, names: readonly [string, ...string[]]): EncryptionProfile {
  const exportable = enctype === Enctype.RC4_HMAC_EXP
  return {
    enctype,
    names,
    checksumType: ChecksumType.HMAC_MD5,
    weak: true,
    keyBytes: 16,
    seedBytes: 16,
    confounderBytes: CONFOUNDER_BYTES,
    macBytes: MAC_BYTES,
    paddingBytes: 1,
    defaultIterations: undefined,
    randomToKey: secretFrom,
    // RFC 4757 section 2: no salt and no stretching. Any code unit is allowed, so passwords of machines are too.
    stringToKey(password) {
      const units = utf16leEncode(password)
      const hash = md4(units)
      const key = secretFrom(hash)
      wipe(units)
      wipe(hash)
      return { kind: 'key', key }
    },
    openCipher: (key, usage) => new Rc4Cipher(key, usage, exportable),
    openMac: openHmacMd5,
    prf(key, input) {
      // No RFC says; this is what MIT and Heimdal do.
      const mac = hmac('sha1', key, input)
      const output = secretFrom(mac)
      wipe(mac)
      return output
    },
  }
}

/** `KERB_CHECKSUM_HMAC_MD5` under any key, RFC 4757 section 4. */
export function openHmacMd5(key: Uint8Array, usage: number): MessageMac {
  const signing = hmacMd5(key, SIGNATURE_KEY)
  const mac = macOfDigest(signing, usage)
  wipe(signing)
  return mac
}

/** `KERB_CHECKSUM_MD5_HMAC` under any key: as {@link openHmacMd5}, without a key of its own. */
export function openMd5Hmac(key: Uint8Array, usage: number): MessageMac {
  return macOfDigest(key, usage)
}

const SIGNATURE_KEY = encodeAscii('signaturekey\0')

function macOfDigest(key: Uint8Array, usage: number): MessageMac {
  const keyed = new HmacMd5(key)
  const type = u32le(rc4MessageType(usage))
  return {
    mac: (...parts) => keyed.mac(md5(type, ...parts)),
    matches: (checksum, ...parts) => keyed.matches(checksum, md5(type, ...parts)),
    dispose: () => keyed.dispose(),
  }
}

/** RFC 4757 section 5. */
class Rc4Cipher implements MessageCipher {
  readonly #keys: MessageKeys
  /** For what a KDC may have encrypted by the letter of the RFC. */
  readonly #otherKeys: MessageKeys | undefined

  constructor(key: Uint8Array, usage: number, exportable: boolean) {
    this.#keys = new MessageKeys(key, rc4MessageType(usage), exportable)
    // RFC 4757 section 3 has 8 for usage 9, and Windows has 9: MIT tries both too.
    this.#otherKeys = usage === KeyUsage.TGS_REP_ENCPART_SUBKEY ? new MessageKeys(key, 8, exportable) : undefined
  }

  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    return this.#keys.encrypt(parts, confounder, signedOnly)
  }

  decrypt(parts: readonly Uint8Array[], signedOnly?: readonly SignedOnly[]): SecretBytes {
    const ciphertext = joined(parts)
    const plaintext = this.#keys.decrypt(ciphertext, signedOnly) ?? this.#otherKeys?.decrypt(ciphertext, signedOnly)
    if (plaintext === undefined) throw messageAltered()
    return plaintext
  }

  dispose(): void {
    this.#keys.dispose()
    this.#otherKeys?.dispose()
  }
}

/** The keys of one message type. */
class MessageKeys {
  /** K1, from which the key of each message comes. */
  readonly #base: SecretBytes
  /** The checksum, under K2. */
  readonly #mac: HmacMd5

  constructor(key: Uint8Array, messageType: number, exportable: boolean) {
    const salt = u32le(messageType)
    const usageKey = exportable ? hmacMd5(key, FORTY_BITS, salt) : hmacMd5(key, salt)
    this.#mac = new HmacMd5(usageKey)
    if (exportable) usageKey.fill(0xab, 7)
    this.#base = secretFrom(usageKey)
    wipe(usageKey)
  }

  encrypt(
    parts: readonly Uint8Array[],
    confounder: Uint8Array,
    signedOnly: readonly SignedOnly[] | undefined,
  ): Uint8Array {
    let length = MAC_BYTES + CONFOUNDER_BYTES
    for (const part of parts) length += part.length
    const out = new Uint8Array(length)
    out.set(confounder, MAC_BYTES)
    let at = MAC_BYTES + CONFOUNDER_BYTES
    for (const part of parts) {
      out.set(part, at)
      at += part.length
    }
    const body = out.subarray(MAC_BYTES)
    out.set(this.#mac.mac(...coveredParts(body, CONFOUNDER_BYTES, signedOnly)))
    this.#apply(out.subarray(0, MAC_BYTES), body)
    return out
  }

  decrypt(ciphertext: Uint8Array, signedOnly: readonly SignedOnly[] | undefined): SecretBytes | undefined {
    if (ciphertext.length < MAC_BYTES + CONFOUNDER_BYTES) return undefined
    const mac = ciphertext.subarray(0, MAC_BYTES)
    const body = secretFrom(ciphertext.subarray(MAC_BYTES))
    this.#apply(mac, body)
    const good = this.#mac.matches(mac, ...coveredParts(body, CONFOUNDER_BYTES, signedOnly))
    const plaintext = good ? secretFrom(body.subarray(CONFOUNDER_BYTES)) : undefined
    wipe(body)
    return plaintext
  }

  dispose(): void {
    wipe(this.#base)
    this.#mac.dispose()
  }

  /** Runs RC4 under K3, the key of the message with this checksum. */
  #apply(mac: Uint8Array, data: Uint8Array): void {
    const messageKey = hmacMd5(this.#base, mac)
    const stream = new Rc4(messageKey)
    wipe(messageKey)
    stream.apply(data)
    stream.dispose()
  }
}

const FORTY_BITS = encodeAscii('fortybits\0')

function u32le(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}
