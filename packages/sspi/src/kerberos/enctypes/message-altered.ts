import { SspiError } from '../../status/index.js'

/** The one failure of decryption and of checksums: too short, wrong key, wrong usage and altered all look the same. */
export function messageAltered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'Kerberos: a checksum is wrong (it was altered, or the key is another)')
}
