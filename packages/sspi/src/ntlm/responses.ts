import { oemEncode, Reader, utf16leEncode, Writer } from '../bytes/index.js'
import {
  constantTimeEqual,
  desEncryptBlock,
  desl,
  expandDesKey,
  hmacMd5,
  md4,
  md5,
  Rc4,
  secretBytes,
  secretFrom,
  wipe,
  type SecretBytes,
} from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { readAvPairs, type AvPair } from './av-pairs.js'
import { NegotiateFlag } from './constants.js'
import { hasFlag } from './flags.js'

/** What a client's NT response turns out to be. */
export type NtResponse =
  | { readonly kind: 'none' }
  /** NTLMv1: 24 bytes. */
  | { readonly kind: 'v1'; readonly response: Uint8Array }
  | {
      readonly kind: 'v2'
      /** 16 bytes: the proof over `temp`. */
      readonly ntProofStr: Uint8Array
      /** NTLMv2_CLIENT_CHALLENGE as it came: what the proof covers. */
      readonly temp: Uint8Array
      /** The client's time, a FILETIME. */
      readonly timestamp: bigint
      /** 8 bytes. */
      readonly clientChallenge: Uint8Array
      readonly avPairs: readonly AvPair[]
    }

const PROOF_LENGTH = 16
const V1_LENGTH = 24

/**
 * Reads the NtChallengeResponse of an AUTHENTICATE message, MS-NLMP 2.2.2.6 and 2.2.2.8. Byte strings are views. What
 * stands behind the end mark of the AV pairs (four or eight zero bytes, by client) belongs to `temp`, and is not looked at.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is neither NTLMv1 nor NTLMv2.
 */
export function readNtResponse(bytes: Uint8Array): NtResponse {
  if (bytes.length === 0) return { kind: 'none' }
  if (bytes.length === V1_LENGTH) return { kind: 'v1', response: bytes }
  const reader = new Reader(bytes)
  const ntProofStr = reader.take(PROOF_LENGTH, 'NtChallengeResponse: Response')
  const temp = bytes.subarray(PROOF_LENGTH)
  const version = reader.u8('NtChallengeResponse: RespType')
  const highest = reader.u8('NtChallengeResponse: HiRespType')
  if (version !== 1 || highest < 1) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `NtChallengeResponse: RespType ${version}, HiRespType ${highest}, 1 expected`,
    )
  }
  reader.skip(6, 'NtChallengeResponse: Reserved')
  const timestamp = reader.u64le('NtChallengeResponse: TimeStamp')
  const clientChallenge = reader.take(8, 'NtChallengeResponse: ChallengeFromClient')
  reader.skip(4, 'NtChallengeResponse: Reserved3')
  const avPairs = readAvPairs(reader.take(reader.remaining, 'NtChallengeResponse: AvPairs'))
  return { kind: 'v2', ntProofStr, temp, timestamp, clientChallenge, avPairs }
}

/** NTLMv2_CLIENT_CHALLENGE, MS-NLMP 2.2.2.7; `temp` in 3.3.2. `targetInfo` is a list of AV pairs with its end mark. */
export function writeTemp(timestamp: bigint, clientChallenge: Uint8Array, targetInfo: Uint8Array): Uint8Array {
  const writer = new Writer().u8(1).u8(1).zeros(6).u64le(timestamp).bytes(clientChallenge)
  return writer.zeros(4).bytes(targetInfo).zeros(4).finish()
}

/** NTOWFv1, MS-NLMP 3.3.1: the NT hash of a password, 16 bytes. As good as the password. */
export function ntowfv1(password: string): SecretBytes {
  const encoded = utf16leEncode(password)
  const hash = secretFrom(md4(encoded))
  wipe(encoded)
  return hash
}

/** LMOWFv1, MS-NLMP 3.3.1: the LM hash, 16 bytes; `undefined` for passwords that have none (over 14 characters, not ASCII). */
export function lmowfv1(password: string): SecretBytes | undefined {
  // Beyond ASCII it depends on the code page of the machine where the password was set.
  if (!/^[\0-\x7f]{0,14}$/.test(password)) return undefined
  const padded = secretBytes(14)
  const encoded = oemEncode(password.toUpperCase())
  padded.set(encoded)
  wipe(encoded)
  const hash = secretBytes(16)
  for (let half = 0; half < 2; half++) hash.set(des7(padded.subarray(7 * half, 7 * half + 7), LM_CONSTANT), 8 * half)
  wipe(padded)
  return hash
}

/**
 * NTOWFv2, MS-NLMP 3.3.2: the response key of a user, 16 bytes. The user's name counts in upper case, the domain as it is.
 *
 * Upper case is Windows': code unit by code unit, without the mappings that change the length (`ß` stays `ß`) and without
 * those that Windows' table lacks (`µ`, `ı`, `ſ`).
 */
export function ntowfv2(ntHash: Uint8Array, user: string, domain: string): SecretBytes {
  return secretFrom(hmacMd5(ntHash, utf16leEncode(upperCase(user) + domain)))
}

/** NTProofStr, MS-NLMP 3.3.2: 16 bytes over the server's challenge and `temp`. */
export function ntProofStr(responseKey: Uint8Array, serverChallenge: Uint8Array, temp: Uint8Array): Uint8Array {
  return hmacMd5(responseKey, serverChallenge, temp)
}

/** The LMv2 response, MS-NLMP 3.3.2: 24 bytes. */
export function lmv2Response(
  responseKey: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array,
): Uint8Array {
  return new Writer(V1_LENGTH)
    .bytes(hmacMd5(responseKey, serverChallenge, clientChallenge))
    .bytes(clientChallenge)
    .finish()
}

/** SessionBaseKey of NTLMv2: `proof` is the NTProofStr, or the first 16 bytes of a bare LMv2 response. */
export function sessionBaseKeyV2(responseKey: Uint8Array, proof: Uint8Array): SecretBytes {
  return secretFrom(hmacMd5(responseKey, proof))
}

/** SessionBaseKey of NTLMv1, MS-NLMP 3.3.1. */
export function sessionBaseKeyV1(ntHash: Uint8Array): SecretBytes {
  return secretFrom(md4(ntHash))
}

/** The NTLMv1 response: 24 bytes. With a client challenge that of extended session security, MS-NLMP 3.3.1. */
export function ntlmv1Response(
  ntHash: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array | undefined,
): Uint8Array {
  const challenge =
    clientChallenge === undefined ? serverChallenge : md5(serverChallenge, clientChallenge).subarray(0, 8)
  return desl(ntHash, challenge)
}

/** What KXKEY looks at, MS-NLMP 3.4.5.1. */
export interface KeyExchangeParts {
  /** What was negotiated. */
  readonly flags: number
  /** Of the response. */
  readonly ntlmVersion: 1 | 2
  /** 16 bytes. */
  readonly sessionBaseKey: Uint8Array
  /** As the client sent it. */
  readonly lmResponse: Uint8Array
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array
  /** The LM hash; counts with NTLMv1 where the flags ask for it. */
  readonly lmHash?: Uint8Array | undefined
}

/**
 * KXKEY, MS-NLMP 3.4.5.1: 16 bytes.
 *
 * @throws `SspiError` `SEC_E_ALGORITHM_MISMATCH` when the flags want a key made of the LM hash, and there is none.
 */
export function keyExchangeKey(parts: KeyExchangeParts): SecretBytes {
  const { flags, sessionBaseKey, lmResponse, lmHash } = parts
  if (parts.ntlmVersion === 2) return secretFrom(sessionBaseKey)
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)) {
    return secretFrom(hmacMd5(sessionBaseKey, parts.serverChallenge, lmResponse.subarray(0, 8)))
  }
  const key = secretBytes(16)
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_LM_KEY)) {
    const hash = requireLmHash(lmHash)
    const second = secretBytes(7).fill(0xbd)
    second.set(hash.subarray(7, 8))
    key.set(des7(hash.subarray(0, 7), lmResponse.subarray(0, 8)))
    key.set(des7(second, lmResponse.subarray(0, 8)), 8)
    wipe(second)
  } else if (hasFlag(flags, NegotiateFlag.REQUEST_NON_NT_SESSION_KEY)) {
    key.set(requireLmHash(lmHash).subarray(0, 8))
  } else {
    key.set(sessionBaseKey)
  }
  return key
}

/** RC4K of MS-NLMP section 6, for EncryptedRandomSessionKey: the same both ways. */
export function rc4Once(key: Uint8Array, data: Uint8Array): SecretBytes {
  const rc4 = new Rc4(key)
  const out = secretFrom(data)
  rc4.apply(out)
  rc4.dispose()
  return out
}

/** The MIC, MS-NLMP 3.1.5.1.2: over the three messages as they went, the last with its MIC zeroed. */
export function messageIntegrityCode(
  exportedSessionKey: Uint8Array,
  negotiate: Uint8Array,
  challenge: Uint8Array,
  authenticateWithoutMic: Uint8Array,
): Uint8Array {
  return hmacMd5(exportedSessionKey, negotiate, challenge, authenticateWithoutMic)
}

/** Whether an NTLMv2 response is that of the response key, in constant time. */
export function provesV2(
  responseKey: Uint8Array,
  serverChallenge: Uint8Array,
  response: Extract<NtResponse, { readonly kind: 'v2' }>,
): boolean {
  return constantTimeEqual(ntProofStr(responseKey, serverChallenge, response.temp), response.ntProofStr)
}

/** `KGS!@#$%`: what the LM hash encrypts. */
const LM_CONSTANT = Uint8Array.of(0x4b, 0x47, 0x53, 0x21, 0x40, 0x23, 0x24, 0x25)

function des7(key7: Uint8Array, block: Uint8Array): Uint8Array {
  const key = expandDesKey(key7)
  const out = desEncryptBlock(key, block)
  wipe(key)
  return out
}

function requireLmHash(lmHash: Uint8Array | undefined): Uint8Array {
  if (lmHash !== undefined) return lmHash
  throw new SspiError(
    'SEC_E_ALGORITHM_MISMATCH',
    'NTLM: a session key made of the LM hash was negotiated, and there is none',
  )
}

/** Characters that JavaScript has an upper case for, and Windows has not. */
const NOT_ON_WINDOWS = '\u00b5\u0131\u017f'

function upperCase(text: string): string {
  let upper = ''
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i)
    const mapped = NOT_ON_WINDOWS.includes(unit) ? unit : unit.toUpperCase()
    upper += mapped.length === 1 ? mapped : unit
  }
  return upper
}
