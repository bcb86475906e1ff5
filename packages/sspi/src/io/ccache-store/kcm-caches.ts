import { decodeUtf8, encodeUtf8, Reader, Writer } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import {
  ccacheTimeOffset,
  makeTimeOffset,
  readCcacheCredential,
  readCcachePrincipal,
  writeCcacheCredential,
  writeCcachePrincipal,
  type Ccache,
  type CcacheCredential,
  type CcachePrincipal,
} from '../../kerberos/files/index.js'
import { SspiError } from '../../status/index.js'
import type { CcacheCollection } from './ccache-collection.js'
import type { CcacheStore } from './ccache-store.js'
import { KcmConnection, KcmError, KcmOperation, KcmRefusal } from './kcm-connection.js'

/** Where Heimdal's daemon and SSSD's listen, and MIT's clients look. */
export const KCM_SOCKET = '/var/run/.heim_org.h5l.kcm-socket'

const UUID_LENGTH = 16
/** A daemon that counts more caches, or more tickets in one of them, is not believed. */
const MOST_ENTRIES = 10_000

/**
 * The caches that a KCM daemon keeps for this user, as `KCM:` names them: Heimdal's `kcm`, or SSSD's.
 *
 * Each method opens a connection of its own and says all it has to say within ten seconds. They throw `SspiError`
 * `SEC_E_NO_CREDENTIALS` when the daemon cannot be reached, refuses, or answers with what is no answer.
 *
 * @param socket - The daemon's socket, which must be root's or this user's.
 */
export function kcmCaches(socket: string = KCM_SOCKET): CcacheCollection {
  return {
    name: 'KCM:',
    primary: () =>
      talk('KCM:', socket, async (daemon) => {
        return kcmCcache(readName(await daemon.call(KcmOperation.GET_DEFAULT_CACHE)), socket)
      }),
    list: () =>
      talk('KCM:', socket, async (daemon) => {
        // Heimdal's daemon says that there is no file where SSSD's has an empty list.
        const listed = await unless(GONE, daemon.call(KcmOperation.GET_CACHE_UUID_LIST))
        const uuids = listed === undefined ? [] : readUuids(listed)
        const names: string[] = []
        for (const uuid of uuids) {
          // Somebody may have destroyed it meanwhile.
          const name = await unless(GONE, daemon.call(KcmOperation.GET_CACHE_BY_UUID, uuid))
          if (name !== undefined) names.push(readName(name))
        }
        return names.sort().map((name) => kcmCcache(name, socket))
      }),
    create: () =>
      talk('KCM:', socket, async (daemon) => kcmCcache(readName(await daemon.call(KcmOperation.GEN_NEW)), socket)),
    async switchTo({ name }) {
      const [, residual] = /^KCM:(.+)$/s.exec(name) ?? []
      if (residual === undefined) throw new TypeError(`${name} is not in KCM:`)
      await talk(name, socket, (daemon) => daemon.call(KcmOperation.SET_DEFAULT_CACHE, nameOf(residual)))
    },
  }
}

/**
 * One cache of a KCM daemon, as `KCM:residual` names it. Its methods throw as those of {@link kcmCaches}.
 *
 * `save` replaces the cache at once where the daemon knows MIT's `REPLACE`; else it is begun anew and filled ticket by
 * ticket, and somebody who reads it at that moment sees a part.
 */
export function kcmCcache(residual: string, socket: string = KCM_SOCKET): CcacheStore {
  const name = `KCM:${residual}`
  const cache = nameOf(residual)
  return {
    name,
    load: () => talk(name, socket, (daemon) => load(daemon, cache)),
    save: (ccache) => talk(name, socket, (daemon) => save(daemon, cache, ccache)),
    destroy: () =>
      talk(name, socket, async (daemon) => {
        // Heimdal's daemon destroys what there is not, without a word.
        if ((await principalOf(daemon, cache)) === undefined) return false
        return (await unless(GONE, daemon.call(KcmOperation.DESTROY, cache))) !== undefined
      }),
  }
}

/** What says that there is no such cache, or ticket, any more. */
const GONE: readonly number[] = [KcmError.NOTFOUND, KcmError.FCC_NOFILE, KcmError.END]
/** What daemons say to operations that they do not know: SSSD's NOSUPP or IO, Heimdal's FCC_INTERNAL. */
const UNKNOWN: readonly number[] = [KcmError.NOSUPP, KcmError.IO, KcmError.FCC_INTERNAL]

/** Talks on a connection of its own; what goes wrong becomes an error of ours. */
async function talk<T>(name: string, socket: string, what: (daemon: KcmConnection) => Promise<T>): Promise<T> {
  try {
    const daemon = await KcmConnection.open(socket)
    try {
      return await what(daemon)
    } finally {
      daemon[Symbol.dispose]()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it does not answer'
    throw new SspiError('SEC_E_NO_CREDENTIALS', `${name}: the KCM daemon at ${socket}: ${why}`, { cause })
  }
}

/** The reply, or `undefined` for one of these errors. */
async function unless(codes: readonly number[], reply: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await reply
  } catch (error) {
    if (error instanceof KcmRefusal && codes.includes(error.code)) return undefined
    throw error
  }
}

async function principalOf(daemon: KcmConnection, cache: Uint8Array): Promise<CcachePrincipal | undefined> {
  const reply = await unless(GONE, daemon.call(KcmOperation.GET_PRINCIPAL, cache))
  // SSSD's says nothing at all of a cache that was generated, and has nobody yet.
  return reply === undefined || reply.length === 0 ? undefined : readCcachePrincipal(reply)
}

async function load(daemon: KcmConnection, cache: Uint8Array): Promise<Ccache | undefined> {
  const defaultPrincipal = await principalOf(daemon, cache)
  if (defaultPrincipal === undefined) return undefined
  const offset = await unless([...UNKNOWN, ...GONE], daemon.call(KcmOperation.GET_KDC_OFFSET, cache))
  const seconds = offset === undefined ? 0 : new Reader(offset).u32be('KCM: offset') | 0
  const header = seconds === 0 ? [] : [makeTimeOffset({ seconds, microseconds: 0 })]
  return { version: 4, byteOrder: 'big', header, defaultPrincipal, credentials: await credentialsOf(daemon, cache) }
}

async function credentialsOf(daemon: KcmConnection, cache: Uint8Array): Promise<readonly CcacheCredential[]> {
  const list = await unless(UNKNOWN, daemon.call(KcmOperation.GET_CRED_LIST, cache))
  if (list !== undefined) return readCredentials(list)
  const uuids = readUuids(await daemon.call(KcmOperation.GET_CRED_UUID_LIST, cache))
  const credentials: CcacheCredential[] = []
  for (const uuid of uuids) {
    const credential = await unless(GONE, daemon.call(KcmOperation.GET_CRED_BY_UUID, cache, uuid))
    if (credential !== undefined) credentials.push(readCcacheCredential(credential))
  }
  return credentials
}

async function save(daemon: KcmConnection, cache: Uint8Array, ccache: Ccache): Promise<void> {
  const principal = writeCcachePrincipal(ccache.defaultPrincipal)
  const offset = u32((ccacheTimeOffset(ccache)?.seconds ?? 0) >>> 0)
  const credentials = ccache.credentials.map(writeCcacheCredential)
  try {
    const list = credentials.flatMap((credential) => [u32(credential.length), credential])
    const replaced = await unless(
      UNKNOWN,
      daemon.call(KcmOperation.REPLACE, cache, offset, principal, u32(credentials.length), ...list),
    )
    if (replaced !== undefined) return
    await daemon.call(KcmOperation.INITIALIZE, cache, principal)
    for (const credential of credentials) await daemon.call(KcmOperation.STORE, cache, credential)
    await unless(UNKNOWN, daemon.call(KcmOperation.SET_KDC_OFFSET, cache, offset))
  } finally {
    for (const credential of credentials) wipe(credential)
  }
}

function readCredentials(reply: Uint8Array): readonly CcacheCredential[] {
  const reader = new Reader(reply)
  const count = reader.u32be('KCM: number of tickets')
  if (count > MOST_ENTRIES) throw tooMany(count)
  const credentials: CcacheCredential[] = []
  for (let i = 0; i < count; i++) {
    credentials.push(readCcacheCredential(reader.take(reader.u32be('KCM: length of a ticket'), 'KCM: ticket')))
  }
  reader.end('KCM: tickets')
  return credentials
}

function readUuids(reply: Uint8Array): readonly Uint8Array[] {
  const count = reply.length / UUID_LENGTH
  if (!Number.isInteger(count)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `KCM: ${reply.length} bytes of UUIDs, which have ${UUID_LENGTH} each`)
  }
  if (count > MOST_ENTRIES) throw tooMany(count)
  return Array.from({ length: count }, (_, at) => reply.subarray(at * UUID_LENGTH, (at + 1) * UUID_LENGTH))
}

/** A name ends with a zero, and stands alone. */
function readName(reply: Uint8Array): string {
  const name = decodeUtf8(reply.subarray(0, -1), 'KCM: name')
  if (reply.at(-1) === 0 && name !== '' && !name.includes('\0')) return name
  throw new SspiError('SEC_E_INVALID_TOKEN', 'KCM: not the name of a cache')
}

function nameOf(residual: string): Uint8Array {
  if (residual === '' || residual.includes('\0')) throw new TypeError(`KCM:${residual}: not the name of a cache`)
  return encodeUtf8(`${residual}\0`)
}

function u32(value: number): Uint8Array {
  return new Writer(4).u32be(value).finish()
}

function tooMany(count: number): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `KCM: ${count} entries, ${MOST_ENTRIES} allowed`)
}
