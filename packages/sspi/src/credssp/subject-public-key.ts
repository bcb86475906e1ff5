import { contextTag, DerReader, Tag } from '../bytes/index.js'

/**
 * The content of SubjectPublicKey of an X.509 certificate, RFC 5280 section 4.1: what CredSSP binds to. Only the way to that
 * field is read; whether the certificate is any good, others judge.
 *
 * @returns A copy.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when the bytes are no certificate.
 */
export function subjectPublicKey(certificate: Uint8Array): Uint8Array {
  const tbs = new DerReader(certificate)
    .enter(Tag.SEQUENCE, 'Certificate')
    .enter(Tag.SEQUENCE, 'Certificate: tbsCertificate')
  if (tbs.isNext(contextTag(0))) tbs.readTlv('Certificate: version')
  for (const field of ['serialNumber', 'signature', 'issuer', 'validity', 'subject']) {
    tbs.readTlv(`Certificate: ${field}`)
  }
  const info = tbs.enter(Tag.SEQUENCE, 'Certificate: subjectPublicKeyInfo')
  info.readTlv('Certificate: algorithm')
  return info.bitString('Certificate: subjectPublicKey').bytes.slice()
}
