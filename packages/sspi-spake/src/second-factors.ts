import { SspiError, wipe } from 'sspi/core'
import {
  decodePadded,
  encodeDer,
  KeyUsage,
  readSpakeSecondFactor,
  writeSpakeSecondFactor,
  type EncryptedData,
  type KerberosKey,
} from 'sspi/kerberos'

/** SF-NONE, RFC 9588 section 12.1: no second factor. The one that is spoken here. */
export const SF_NONE = 1

/** The client's proof that it has come to the same keys, RFC 9588 section 4.3: a factor under key 1. Draws one confounder. */
export function sealFactor(key: KerberosKey, random: (length: number) => Uint8Array): EncryptedData {
  const plaintext = encodeDer({ type: SF_NONE }, writeSpakeSecondFactor)
  return {
    etype: key.enctype,
    cipher: key.encrypt(KeyUsage.SPAKE, plaintext, random(key.profile.confounderBytes)),
  }
}

/**
 * Opens that proof.
 *
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED` when it does not open: the client does not know the key. `SEC_E_UNSUPPORTED_PREAUTH`
 *   for a second factor; `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function openFactor(key: KerberosKey, { etype, cipher }: EncryptedData): void {
  const plaintext = tryDecrypt(key, etype, cipher)
  try {
    const { type } = decodePadded(plaintext, readSpakeSecondFactor)
    if (type !== SF_NONE) throw new SspiError('SEC_E_UNSUPPORTED_PREAUTH', `SPAKE: second factor ${type} is not spoken`)
  } finally {
    wipe(plaintext)
  }
}

function tryDecrypt(key: KerberosKey, etype: number, cipher: Uint8Array): Uint8Array {
  try {
    if (etype === key.enctype) return key.decrypt(KeyUsage.SPAKE, cipher)
  } catch (cause) {
    throw new SspiError('SEC_E_LOGON_DENIED', 'SPAKE: the password (or key) is wrong', { cause })
  }
  throw new SspiError('SEC_E_INVALID_TOKEN', `SPAKE: factor: encryption type ${etype} instead of ${key.enctype}`)
}
