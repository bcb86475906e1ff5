import { toHex } from '../bytes/index.js'
import { readCertificate, sha256, type Certificate } from '../crypto/index.js'
import { certificateFailure, SspiError, type FailureName, type Side, type TlsPeer } from '../sspi/index.js'

/** Why a peer is refused. */
export interface Refusal {
  readonly code: FailureName
  readonly message: string
  /** The number of the alert that tells the peer. */
  readonly alert: number
}

/** What a peer's certificate is held against. */
export interface Expectation {
  readonly side: Side
  /** The host that the initiator wants; `undefined`: its name is not compared. */
  readonly host: string | undefined
  /** The only certificates that will do, by their SHA-256 in lower-case hexadecimal; `undefined`: any that its chain vouches for. */
  readonly fingerprints: ReadonlySet<string> | undefined
  readonly now: Date
}

const BAD_CERTIFICATE = 42
const UNSUPPORTED_CERTIFICATE = 43
const CERTIFICATE_REVOKED = 44
const CERTIFICATE_EXPIRED = 45
const CERTIFICATE_UNKNOWN = 46
const UNKNOWN_CA = 48

/** How a failure is told: to the peer by an alert, those that OpenSSL itself would send, and to people in words. */
interface Verdict {
  readonly alert: number
  readonly why: string
}

const VERDICTS: ReadonlyMap<FailureName, Verdict> = new Map<FailureName, Verdict>([
  ['SEC_E_UNTRUSTED_ROOT', { alert: UNKNOWN_CA, why: 'its chain ends in no trusted root' }],
  ['SEC_E_CERT_EXPIRED', { alert: CERTIFICATE_EXPIRED, why: 'it, or one of its issuers, is not good now' }],
  ['CRYPT_E_REVOKED', { alert: CERTIFICATE_REVOKED, why: 'it was revoked' }],
  [
    'CRYPT_E_NO_REVOCATION_CHECK',
    { alert: CERTIFICATE_UNKNOWN, why: 'no revocation list of one of its issuers was given' },
  ],
  ['CRYPT_E_REVOCATION_OFFLINE', { alert: CERTIFICATE_UNKNOWN, why: 'a revocation list is not, or no longer, good' }],
  ['SEC_E_CERT_WRONG_USAGE', { alert: UNSUPPORTED_CERTIFICATE, why: 'it is not for this use' }],
  ['TRUST_E_CERT_SIGNATURE', { alert: BAD_CERTIFICATE, why: 'a signature is wrong' }],
])
const UNKNOWN_VERDICT: Verdict = { alert: CERTIFICATE_UNKNOWN, why: 'OpenSSL refuses it' }
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
/** Bit 0 of KeyUsage, RFC 5280 §4.2.1.3: the key signs. Every cipher suite here needs that of a certificate. */
const DIGITAL_SIGNATURE = 0x80

/**
 * Judges a peer by its certificate: OpenSSL's verdict on the chain first, then what OpenSSL was not asked: whether the certificate
 * is good by our clock, is for this use, and (for a server) for this host. Where certain certificates are expected it has to be one of
 * these and good by our clock, and nobody has to vouch for it.
 *
 * @returns why it is refused, or `undefined`.
 */
export function judgePeer(peer: TlsPeer, expected: Expectation): Refusal | undefined {
  const [der] = peer.chain
  if (der === undefined) return refuse('SEC_E_CERT_UNKNOWN', CERTIFICATE_UNKNOWN, 'it is missing')
  let certificate: Certificate
  try {
    certificate = readCertificate(der)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return refuse('SEC_E_CERT_UNKNOWN', BAD_CERTIFICATE, error.message)
  }
  const name = `'${certificate.subjectName}'`
  const { fingerprints } = expected
  if (fingerprints !== undefined) {
    const fingerprint = toHex(sha256(der))
    if (fingerprints.has(fingerprint)) return judgePeriod(certificate, name, expected)
    return refuse('SEC_E_UNTRUSTED_ROOT', UNKNOWN_CA, `${name}: not the one expected, its SHA-256 is ${fingerprint}`)
  }
  if (peer.verdict !== undefined) {
    const code = certificateFailure(peer.verdict) ?? 'SEC_E_CERT_UNKNOWN'
    const { alert, why } = VERDICTS.get(code) ?? UNKNOWN_VERDICT
    return refuse(code, alert, `${name}: ${why} (${peer.verdict})`)
  }
  return (
    judgePeriod(certificate, name, expected) ??
    judgeUsage(certificate, name, expected.side) ??
    judgeHost(certificate, name, expected)
  )
}

function judgePeriod(certificate: Certificate, name: string, { now }: Expectation): Refusal | undefined {
  const { validFrom, validTo } = certificate
  if (now >= validFrom && now <= validTo) return undefined
  const when = `${validFrom.toISOString()} to ${validTo.toISOString()}`
  return refuse('SEC_E_CERT_EXPIRED', CERTIFICATE_EXPIRED, `${name}: good from ${when}, now it is ${now.toISOString()}`)
}

function judgeUsage(certificate: Certificate, name: string, side: Side): Refusal | undefined {
  const { keyUsage, extendedKeyUsage } = certificate
  if (keyUsage !== undefined && ((keyUsage[0] ?? 0) & DIGITAL_SIGNATURE) === 0) {
    return refuse('SEC_E_CERT_WRONG_USAGE', UNSUPPORTED_CERTIFICATE, `${name}: its key is not for signatures`)
  }
  const wanted = side === 'initiator' ? SERVER_AUTH : CLIENT_AUTH
  if (extendedKeyUsage === undefined || extendedKeyUsage.some((use) => use === wanted || use === ANY_USAGE)) {
    return undefined
  }
  const whose = side === 'initiator' ? 'servers' : 'clients'
  return refuse(
    'SEC_E_CERT_WRONG_USAGE',
    UNSUPPORTED_CERTIFICATE,
    `${name}: it is not for ${whose}, but for ${extendedKeyUsage.join(', ')}`,
  )
}

function judgeHost(certificate: Certificate, name: string, { side, host }: Expectation): Refusal | undefined {
  if (side === 'acceptor' || host === undefined) return undefined
  if (host === '') {
    return refuse('SEC_E_WRONG_PRINCIPAL', BAD_CERTIFICATE, `${name}: no targetName was given to compare it with`)
  }
  const fits = isAddress(host) ? certificate.isForAddress(host) : certificate.isForHost(host)
  return fits ? undefined : refuse('SEC_E_WRONG_PRINCIPAL', BAD_CERTIFICATE, `${name}: it is not for '${host}'`)
}

function refuse(code: FailureName, alert: number, why: string): Refusal {
  return { code, alert, message: `the peer's certificate: ${why}` }
}

/** Whether a host is an IP address, of which no name is sent (RFC 6066 §3). */
export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

/**
 * The host in a target name: `www.example.com`, or that of a service name (`HTTP/www.example.com:443`). Without the port, without
 * the brackets of an address, without the dot of a rooted name.
 */
export function hostOf(targetName: string): string {
  const slash = targetName.indexOf('/')
  const rest = targetName.slice(slash + 1).split('/', 1)[0]!
  const bracketed = /^\[([^\]]*)\]/.exec(rest)?.[1]
  if (bracketed !== undefined) return bracketed
  const host = rest.split(':').length === 2 ? rest.slice(0, rest.indexOf(':')) : rest
  return host.endsWith('.') ? host.slice(0, -1) : host
}
