import { fromBase64, toBase64 } from '../bytes/index.js'
import { SspiError, type CertificateData } from '../sspi/index.js'

/** More in one credential is a mistake, or an attack on whoever reads it. */
const MAX_CERTIFICATES = 10_000

/**
 * The DER of every block of a kind in some data: PEM text, PEM bytes or DER.
 *
 * @param label - what the block is of: `CERTIFICATE`, `X509 CRL`.
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when there is none, or one does not parse.
 */
export function readPem(data: CertificateData, label: string): readonly Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (const each of isList(data) ? data : [data]) {
    const text = typeof each === 'string' ? each : asText(each)
    blocks.push(...(text === undefined ? [new Uint8Array(each as Uint8Array)] : blocksIn(text, label)))
    if (blocks.length > MAX_CERTIFICATES) {
      throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `credential: more than ${MAX_CERTIFICATES} blocks of ${label}`)
    }
  }
  return blocks
}

/** DER as PEM. */
export function writePem(der: Uint8Array, label: string): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function blocksIn(text: string, label: string): readonly Uint8Array[] {
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  const blocks: Uint8Array[] = []
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + 1)) {
    const from = at + begin.length
    const to = text.indexOf(end, from)
    try {
      blocks.push(fromBase64(text.slice(from, to < 0 ? from : to).replace(/\s/g, ''), label))
    } catch (cause) {
      throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `credential: a block of ${label} does not parse`, { cause })
    }
  }
  if (blocks.length === 0) {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `credential: no block of ${label} in the PEM`)
  }
  return blocks
}

/** Bytes that are PEM as text; `undefined` for DER, which begins with a SEQUENCE. */
function asText(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x30) return undefined
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function isList(data: CertificateData): data is readonly (string | Uint8Array)[] {
  return Array.isArray(data)
}
