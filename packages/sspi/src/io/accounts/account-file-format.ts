import { decodeUtf8, fromHex, toHex } from '../../bytes/index.js'
import { splitUserName, type DigestHashName } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { ntHashOf, type AccountEntry, type AccountProof } from './account-entry.js'
import { digestHashesOf, type DigestHashes } from './digest-hashes.js'

/** The first line of every account file: what it is, and in which version. */
export const ACCOUNT_FILE_HEADER = '#sspi-accounts 1'

/** A line of an account file: an account, or a comment or an empty line, which stay as they are. */
export interface AccountLine {
  /** The line without its end. */
  readonly text: string
  readonly entry: AccountEntry | undefined
}

/**
 * Reads an account file: docs/accounts.md has the format.
 *
 * @param file - The file's name, for errors.
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY`, with the number of the line and the field. What stands in
 *   the line is not told: a slip of the hand may have put the secret anywhere in it.
 */
export function readAccountFile(bytes: Uint8Array, file: string): readonly AccountLine[] {
  const lines = readText(bytes, file)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  if (lines[0]?.trimEnd() !== ACCOUNT_FILE_HEADER) {
    throw accountFileError(file, 1, `an account file begins with the line '${ACCOUNT_FILE_HEADER}'`)
  }
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, at) => {
    const comment = line.trim() === '' || line.startsWith('#')
    return {
      text: line,
      entry: comment ? undefined : readAccountLine(line, (why) => accountFileError(file, at + 1, why)),
    }
  })
}

/** Writes the lines of an account file. */
export function writeAccountFile(lines: readonly AccountLine[]): string {
  return lines.map((line) => `${line.text}\n`).join('')
}

/** What becomes of a password in a file: its NT hash, its hashes for Digest in a realm, or itself. */
export type PasswordForm =
  { readonly kind: 'nt-hash' | 'password' } | { readonly kind: 'digest'; readonly realm: string }

/**
 * Writes an account as a line.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a name holds what separates fields.
 */
export function writeAccountLine(entry: AccountEntry, form: PasswordForm): AccountLine {
  const { user, domain = '', sid = '', groups = [], enabled = true, upn = '' } = entry
  const name = domain === '' || user.includes('\\') ? user : `${domain}\\${user}`
  for (const field of [name, upn]) {
    // eslint-disable-next-line no-control-regex -- a line end in a name would begin a line of its own
    if (/[:\u0000-\u001f\u007f]|^\s|^#|\s$/.test(field)) {
      throw new SspiError(
        'SEC_E_INVALID_PARAMETER',
        'account: a name with a colon, a control character or blanks around it',
      )
    }
  }
  const secret = writeSecret(entry, form)
  const text = [name, secret, sid, groups.join(','), enabled ? '' : 'disabled', upn].join(':').replace(/:+$/, '')
  return { text, entry }
}

/** A failure to read an account file, at a line of it. */
export function accountFileError(file: string, line: number, why: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${file}:${line}: ${why}`, { cause })
}

const PASSWORD = '{password}'
const DIGEST = '{digest}'

/** How a file names the hashes of Digest. */
const DIGEST_NAMES: readonly (readonly [string, DigestHashName])[] = [
  ['md5', 'MD5'],
  ['sha-256', 'SHA-256'],
  ['sha-512-256', 'SHA-512-256'],
]

function readText(bytes: Uint8Array, file: string): string {
  try {
    return decodeUtf8(bytes, file)
  } catch (cause) {
    throw accountFileError(file, 1, 'the file is not UTF-8', cause)
  }
}

function readAccountLine(line: string, error: (why: string) => SspiError): AccountEntry {
  const fields = line.split(':').map((field) => field.trim())
  if (fields.length > 6) throw error(`${fields.length} fields, at most 6: name, secret, SID, groups, flags, UPN`)
  const [user = '', secret = '', sid = '', groups = '', flags = '', upn = ''] = fields
  const names = flags === '' ? [] : flags.split(',').map((flag) => flag.trim())
  // An unknown flag is not passed over: it may be a misspelt `disabled`.
  if (names.some((flag) => flag !== 'disabled')) throw error("flags: the only one is 'disabled'")
  return {
    user,
    upn: upn === '' ? undefined : upn,
    sid: sid === '' ? undefined : sid,
    groups: groups === '' ? [] : groups.split(',').map((group) => group.trim()),
    enabled: names.length === 0,
    ...readSecret(secret, error),
  }
}

function readSecret(secret: string, error: (why: string) => SspiError): AccountProof {
  if (/^[0-9a-fA-F]{32}$/.test(secret)) return { ntHash: fromHex(secret) }
  if (secret.startsWith(DIGEST)) return { digest: readDigestHashes(secret.slice(DIGEST.length), error) }
  if (!secret.startsWith(PASSWORD)) {
    throw error(`secret: neither 32 hex digits of an NT hash nor ${PASSWORD} and a password, nor ${DIGEST} and hashes`)
  }
  return { password: percentDecoded(secret.slice(PASSWORD.length), 'a password', error) }
}

/** `realm,md5=…,sha-256=…` */
function readDigestHashes(text: string, error: (why: string) => SspiError): DigestHashes {
  const [realm = '', ...parts] = text.split(',')
  const hashes: Partial<Record<DigestHashName, Uint8Array>> = {}
  for (const part of parts) {
    const name = DIGEST_NAMES.find(([written]) => part.startsWith(`${written}=`))
    const digits = part.slice(part.indexOf('=') + 1)
    if (name === undefined || !/^([0-9a-fA-F]{32}){1,2}$/.test(digits) || hashes[name[1]] !== undefined) {
      throw error('secret: behind the realm each hash is name=hex digits, of md5, sha-256 and sha-512-256, once')
    }
    hashes[name[1]] = fromHex(digits)
  }
  return { realm: percentDecoded(realm, 'a realm', error), hashes }
}

function percentDecoded(text: string, what: string, error: (why: string) => SspiError): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // The URIError says nothing more, and must not carry the text along.
    throw error(`secret: a % in ${what} that is not followed by two hex digits of UTF-8`)
  }
}

function writeSecret(entry: AccountEntry, form: PasswordForm): string {
  if (entry.ntHash !== undefined) return toHex(entry.ntHash)
  if (entry.digest !== undefined) return writeDigestHashes(entry.digest)
  switch (form.kind) {
    case 'nt-hash':
      return toHex(ntHashOf(entry.password))
    case 'digest': {
      const { user } = splitUserName(entry.user, entry.domain ?? '')
      return writeDigestHashes(digestHashesOf(user, form.realm, entry.password))
    }
    case 'password':
      return PASSWORD + percentEncoded(entry.password)
  }
}

function writeDigestHashes({ realm, hashes }: DigestHashes): string {
  const parts = DIGEST_NAMES.flatMap(([written, name]) => {
    const hash = hashes[name]
    return hash === undefined ? [] : [`${written}=${toHex(hash)}`]
  })
  return DIGEST + [percentEncoded(realm), ...parts].join(',')
}

function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: half a surrogate pair has no UTF-8 form')
  }
}
