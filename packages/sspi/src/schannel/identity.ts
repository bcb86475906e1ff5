import { readCertificate } from '../crypto/index.js'
import { identityFrom, SspiError, type Identity } from '../sspi/index.js'

/**
 * Who a certificate is for: its first user principal name, else its common name, else its first mail address, else its whole
 * subject. With an empty domain: a UPN stays whole.
 */
export function identityOf(der: Uint8Array, source: Identity['source']): Identity {
  const { name, userPrincipalName } = namesIn(der)
  const identity: Identity = { name, domain: '', sid: undefined, groups: [], source, userPrincipalName }
  return identityFrom(identity, 'certificate', source === 'verified' ? 'signed' : 'none')
}

function namesIn(der: Uint8Array): { readonly name: string; readonly userPrincipalName: string | undefined } {
  try {
    const { userPrincipalNames, commonName, mailAddresses, subjectName } = readCertificate(der)
    const [userPrincipalName] = userPrincipalNames
    return { name: userPrincipalName ?? commonName ?? mailAddresses[0] ?? subjectName, userPrincipalName }
  } catch (error) {
    // A certificate that nobody checked (manual validation) may be anything.
    if (error instanceof SspiError) return { name: '', userPrincipalName: undefined }
    throw error
  }
}
