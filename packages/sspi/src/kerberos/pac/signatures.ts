import { Reader } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { checksumProfiles, KeyUsage, type KerberosKey } from '../enctypes/index.js'
import { pacBuffer, PacBufferType, type Pac, type PacBuffer } from './pac.js'

declare const brand: unique symbol

/** A PAC whose server signature was checked under the service's key; nothing else makes one. */
export interface VerifiedPac extends Pac {
  readonly [brand]: 'VerifiedPac'
}

/** PAC_SIGNATURE_DATA, MS-PAC 2.8. */
export interface PacSignature {
  /** The checksum type. */
  readonly type: number
  /** A view. */
  readonly signature: Uint8Array
  /** The number of the read-only domain controller whose key it is under; `undefined` for the others. */
  readonly rodcIdentifier: number | undefined
}

/**
 * Checks the server signature, MS-PAC 2.8.1: a checksum under the service's long-term key over the whole PAC, in which this and the
 * KDC's signature are zero. Whoever knows that key can have made it: the KDC, and the service itself.
 *
 * @param key - What the ticket was opened with; the type of the checksum must be the one of its encryption type.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is another, or there is none; `SEC_E_INVALID_TOKEN`.
 */
export function verifyServerSignature(pac: Pac, key: KerberosKey): VerifiedPac {
  const server = signatureBuffer(pac, PacBufferType.SERVER_SIGNATURE)
  const kdc = signatureBuffer(pac, PacBufferType.KDC_SIGNATURE)
  const signed = pac.bytes.slice()
  // With the number of a read-only domain controller, as such ones do it.
  for (const { offset, bytes } of [server, kdc]) signed.fill(0, offset + TYPE_BYTES, offset + bytes.length)
  verify(readSignature(server.bytes), signed, key, 'server')
  return pac as VerifiedPac // the one place that makes it
}

/**
 * Checks the KDC's signature, MS-PAC 2.8.5: a checksum under the key of `krbtgt` over the server signature. For KDCs; services do not
 * have that key.
 *
 * @throws {@link SspiError} As {@link verifyServerSignature}.
 */
export function verifyKdcSignature(pac: Pac, key: KerberosKey): void {
  const { signature } = readSignature(signatureBuffer(pac, PacBufferType.SERVER_SIGNATURE).bytes)
  verify(readSignature(signatureBuffer(pac, PacBufferType.KDC_SIGNATURE).bytes), signature, key, 'KDC')
}

/** Signatures that services cannot check, as they are under the key of `krbtgt`, in words. MS-PAC 2.8.3 to 2.8.5. */
export function uncheckedSignatures(pac: Pac): readonly string[] {
  return OF_KDCS.filter(([type]) => pacBuffer(pac, type) !== undefined).map(([, words]) => words)
}

const OF_KDCS = [
  [PacBufferType.KDC_SIGNATURE, 'KDC signature'],
  [PacBufferType.TICKET_SIGNATURE, 'ticket signature'],
  [PacBufferType.EXTENDED_KDC_SIGNATURE, 'extended KDC signature'],
] as const

function signatureBuffer(pac: Pac, type: number): PacBuffer {
  const buffer = pacBuffer(pac, type)
  if (buffer !== undefined) return buffer
  throw new SspiError('SEC_E_MESSAGE_ALTERED', `PAC: it has no signature (buffer of type ${type})`)
}

const TYPE_BYTES = 4

/**
 * Reads PAC_SIGNATURE_DATA, MS-PAC 2.8: a signature as long as its type has it, all that is left where the type is not known.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export function readSignature(bytes: Uint8Array): PacSignature {
  const reader = new Reader(bytes)
  const type = reader.u32le('PAC signature: SignatureType') | 0
  const length = checksumProfiles.get(type)?.bytes ?? reader.remaining
  const signature = reader.take(length, 'PAC signature: Signature')
  const rodcIdentifier = reader.remaining === 2 ? reader.u16le('PAC signature: RODCIdentifier') : undefined
  return { type, signature, rodcIdentifier }
}

function verify({ type, signature }: PacSignature, signed: Uint8Array, key: KerberosKey, whose: string): void {
  // A weaker type than the key's own would be as good as the weakest that anybody knows.
  if (type !== key.profile.checksumType) {
    throw new SspiError(
      'SEC_E_MESSAGE_ALTERED',
      `PAC: ${whose} signature: checksum type ${type} under a key of ${key.profile.names[0]}, which has ${key.profile.checksumType}`,
    )
  }
  try {
    key.verifyChecksum(KeyUsage.NON_KERB_CKSUM_SALT, signed, signature)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    throw new SspiError('SEC_E_MESSAGE_ALTERED', `PAC: the ${whose} signature is not that of the ${whose}'s key`, {
      cause,
    })
  }
}
