import { readCertificate } from '../crypto/index.js'
import { SspiError, type Identity } from '../sspi/index.js'

/**
 * Who a certificate is for: its first user principal name, else its common name, else its first mail address, else its whole
 * subject. With an empty domain: a UPN stays whole.
 */
export function identityOf(der: Uint8Array, source: Identity['source']): Identity {
  return { name: nameIn(der), domain: '', sid: undefined, groups: [], source }
}

function nameIn(der: Uint8Array): string {
  try {
    const { userPrincipalNames, commonName, mailAddresses, subjectName } = readCertificate(der)
    return userPrincipalNames[0] ?? commonName ?? mailAddresses[0] ?? subjectName
  } catch (error) {
    // A certificate that nobody checked (manual validation) may be anything.
    if (error instanceof SspiError) return ''
    throw error
  }
}
