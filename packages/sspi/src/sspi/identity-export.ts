import { decodeUtf8, encodeUtf8, Reader, Writer } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import type { ClaimIntegrity, ClaimOrigin, ClaimSource, Identity, IdentityOrigins } from './identity.js'

const SOURCES: readonly ClaimSource[] = ['peer', 'ticket', 'pac', 'account-database', 'certificate', 'package']
const INTEGRITIES: readonly ClaimIntegrity[] = ['signed', 'sealed', 'local', 'vouched', 'none']
/** The claims that may have an origin of their own, in the order in which they are written. */
const CLAIMS = ['name', 'userPrincipalName', 'accountName', 'sid', 'groups'] as const

/** Writes an identity as bytes, for what `Session.export` gives; none is no bytes. */
export function writeIdentity(identity: Identity | undefined): Uint8Array {
  if (identity === undefined) return new Uint8Array(0)
  const writer = new Writer()
  for (const text of [identity.name, identity.domain]) writeText(writer, text)
  for (const text of [identity.sid, identity.userPrincipalName, identity.accountName]) writeText(writer, text ?? '')
  writer.u8(identity.source === 'verified' ? 1 : 0).u32le(identity.groups.length)
  for (const group of identity.groups) writeText(writer, group)
  const { origins } = identity
  writer.u8(origins === undefined ? 0 : 1)
  if (origins !== undefined) for (const claim of CLAIMS) writeOrigin(writer, origins[claim])
  return writer.finish()
}

/**
 * Reads what {@link writeIdentity} wrote.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readIdentity(bytes: Uint8Array): Identity | undefined {
  if (bytes.length === 0) return undefined
  const reader = new Reader(bytes)
  const name = readText(reader)
  const domain = readText(reader)
  const sid = readText(reader)
  const userPrincipalName = readText(reader)
  const accountName = readText(reader)
  const source = reader.u8('identity: source') === 1 ? 'verified' : 'asserted'
  const groups: string[] = []
  for (let left = reader.u32le('identity: groups'); left > 0; left--) groups.push(readText(reader))
  const origins = reader.u8('identity: origins') === 0 ? undefined : readOrigins(reader)
  reader.end('identity')
  return {
    name,
    domain,
    sid: sid === '' ? undefined : sid,
    groups,
    source,
    ...(userPrincipalName === '' ? {} : { userPrincipalName }),
    ...(accountName === '' ? {} : { accountName }),
    ...(origins === undefined ? {} : { origins }),
  }
}

function readOrigins(reader: Reader): IdentityOrigins {
  const [name, userPrincipalName, accountName, sid, groups] = CLAIMS.map(() => readOrigin(reader))
  if (name === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'identity: the name has no origin')
  return { name, userPrincipalName, accountName, sid, groups }
}

function writeOrigin(writer: Writer, origin: ClaimOrigin | undefined): void {
  writer.u8(origin === undefined ? 0 : 1)
  if (origin === undefined) return
  const { source, integrity, unchecked } = origin
  writer.u8(SOURCES.indexOf(source)).u8(INTEGRITIES.indexOf(integrity)).u8(unchecked.length)
  for (const words of unchecked) writeText(writer, words)
}

function readOrigin(reader: Reader): ClaimOrigin | undefined {
  if (reader.u8('identity: origin') === 0) return undefined
  const source = SOURCES[reader.u8('identity: source')]
  const integrity = INTEGRITIES[reader.u8('identity: integrity')]
  if (source === undefined || integrity === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'identity: the origin of a claim is of no kind that is known here')
  }
  const unchecked = Array.from({ length: reader.u8('identity: unchecked') }, () => readText(reader))
  return { source, integrity, unchecked }
}

function writeText(writer: Writer, text: string): void {
  const bytes = encodeUtf8(text)
  writer.u32le(bytes.length).bytes(bytes)
}

function readText(reader: Reader): string {
  return decodeUtf8(reader.take(reader.u32le('identity: length'), 'identity: text'), 'identity: text')
}
