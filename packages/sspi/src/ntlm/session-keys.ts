import { encodeAscii } from '../bytes/index.js'
import { md5, secretBytes, secretFrom, type SecretBytes } from '../crypto/index.js'
import { NegotiateFlag } from './constants.js'
import { hasFlag } from './flags.js'

/** Who sends what a key protects. */
export type Sender = 'client' | 'server'

/** SIGNKEY, MS-NLMP 3.4.5.2: 16 bytes; `undefined` without extended session security, which signs by CRC-32. */
export function signKey(flags: number, exportedSessionKey: Uint8Array, sender: Sender): SecretBytes | undefined {
  if (!hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)) return undefined
  return secretFrom(md5(exportedSessionKey, SIGN_MAGIC[sender]))
}

/** SEALKEY, MS-NLMP 3.4.5.3: 16 bytes; 8 of the old weakened keys. */
export function sealKey(flags: number, exportedSessionKey: Uint8Array, sender: Sender): SecretBytes {
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)) {
    return secretFrom(md5(exportedSessionKey.subarray(0, keyBits(flags) / 8), SEAL_MAGIC[sender]))
  }
  const { NEGOTIATE_LM_KEY, NEGOTIATE_DATAGRAM } = NegotiateFlag
  // NTLMSSP_REVISION_W2K3 and later, as everyone is who still talks.
  if (!hasFlag(flags, NEGOTIATE_LM_KEY) && !hasFlag(flags, NEGOTIATE_DATAGRAM)) return secretFrom(exportedSessionKey)
  const filling = hasFlag(flags, NegotiateFlag.NEGOTIATE_56) ? FILLING_56 : FILLING_40
  const key = secretBytes(8)
  key.set(exportedSessionKey.subarray(0, key.length - filling.length))
  key.set(filling, key.length - filling.length)
  return key
}

/** How strong the sealing key is, in bits. */
export function keyBits(flags: number): number {
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_128)) return 128
  return hasFlag(flags, NegotiateFlag.NEGOTIATE_56) ? 56 : 40
}

/** SealingKey' of a datagram, MS-NLMP 3.4: the sealing key for one message. */
export function datagramKey(sealingKey: Uint8Array, sequenceBytes: Uint8Array): SecretBytes {
  return secretFrom(md5(sealingKey, sequenceBytes))
}

const FILLING_56 = Uint8Array.of(0xa0)
const FILLING_40 = Uint8Array.of(0xe5, 0x38, 0xb0)

const SIGN_MAGIC = {
  client: encodeAscii('session key to client-to-server signing key magic constant\0'),
  server: encodeAscii('session key to server-to-client signing key magic constant\0'),
}
const SEAL_MAGIC = {
  client: encodeAscii('session key to client-to-server sealing key magic constant\0'),
  server: encodeAscii('session key to server-to-client sealing key magic constant\0'),
}
