import { wipe } from '../crypto/index.js'
import { decodePadded } from './gss/ap-messages.js'
import {
  readAuthenticator,
  readEncTicketPart,
  type Authenticator,
  type AuthorizationDataElement,
  type EncTicketPart,
} from './messages/index.js'

/**
 * Reads a decrypted EncTicketPart, and overwrites the bytes that it was read from: what is in it is copied. The session key is
 * the caller's, who overwrites it.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN`.
 */
export function takeTicketPart(plain: Uint8Array): EncTicketPart {
  try {
    const part = decodePadded(plain, readEncTicketPart)
    return {
      ...part,
      key: { keytype: part.key.keytype, keyvalue: part.key.keyvalue.slice() },
      transited: { ...part.transited, contents: part.transited.contents.slice() },
      caddr: part.caddr?.map(({ addrType, address }) => ({ addrType, address: address.slice() })),
      authorizationData: copyOf(part.authorizationData),
    }
  } finally {
    wipe(plain)
  }
}

/** As {@link takeTicketPart}, for an Authenticator; of its subkey, which is the caller's to overwrite, there is a copy too. */
export function takeAuthenticator(plain: Uint8Array): Authenticator {
  try {
    const authenticator = decodePadded(plain, readAuthenticator)
    const { subkey, cksum, authorizationData } = authenticator
    return {
      ...authenticator,
      subkey: subkey && { keytype: subkey.keytype, keyvalue: subkey.keyvalue.slice() },
      cksum: cksum && { cksumtype: cksum.cksumtype, checksum: cksum.checksum.slice() },
      authorizationData: copyOf(authorizationData),
    }
  } finally {
    wipe(plain)
  }
}

function copyOf(
  elements: readonly AuthorizationDataElement[] | undefined,
): readonly AuthorizationDataElement[] | undefined {
  return elements?.map(({ adType, adData }) => ({ adType, adData: adData.slice() }))
}
