import { Reader, Writer } from '../../bytes/index.js'
import { NameType } from '../constants.js'
import type { Ccache, CcacheCredential, CcacheHeaderField, CcachePrincipal } from './ccache.js'

/** The realm of the server of a configuration entry. */
const CONFIG_REALM = 'X-CACHECONF:'
/** The first component of its name. */
const CONFIG_NAME = 'krb5_ccache_conf_data'
/** The header's tag of the time offset. */
const TIME_OFFSET = 1
/** The authtime of a removed credential: -1. */
const REMOVED = 0xffff_ffff

const EMPTY = new Uint8Array(0)

/** A configuration entry: what a program has noted in the cache, such as `fast_avail` or `pa_type`. */
export interface CcacheConfig {
  readonly key: string
  /** The server that it is about, as text; left out if it is about the whole cache. */
  readonly principal?: string | undefined
  readonly value: Uint8Array
}

/** Reads a credential as a configuration entry; `undefined` if it is none. Never throws. */
export function readCcacheConfig(credential: CcacheCredential): CcacheConfig | undefined {
  const { realm, name } = credential.server
  const [first, key, principal] = name.nameString
  if (realm !== CONFIG_REALM || first !== CONFIG_NAME || key === undefined) return undefined
  return { key, principal, value: credential.ticket }
}

/** Makes a configuration entry, to stand among the credentials of a cache whose default principal is `client`. */
export function makeCcacheConfig(client: CcachePrincipal, config: CcacheConfig): CcacheCredential {
  const { key, principal, value } = config
  const nameString = principal === undefined ? [CONFIG_NAME, key] : [CONFIG_NAME, key, principal]
  return {
    client,
    server: { realm: CONFIG_REALM, name: { nameType: NameType.NT_PRINCIPAL, nameString } },
    key: { keytype: 0, keyvalue: EMPTY },
    authTime: 0,
    startTime: 0,
    endTime: 0,
    renewTill: 0,
    isSkey: 0,
    ticketFlags: 0,
    addresses: [],
    authorizationData: [],
    ticket: value,
    secondTicket: EMPTY,
  }
}

/** Whether a credential was removed: MIT leaves it in its place and overwrites its times. */
export function isRemovedCredential(credential: CcacheCredential): boolean {
  return credential.authTime === REMOVED && credential.endTime === 0
}

/** How far the KDC's clock was ahead of ours. */
export interface CcacheTimeOffset {
  readonly seconds: number
  readonly microseconds: number
}

/**
 * Reads the time offset of a cache; `undefined` if its header has none.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` unless the field has eight bytes.
 */
export function ccacheTimeOffset(ccache: Ccache): CcacheTimeOffset | undefined {
  const field = ccache.header.find(({ tag }) => tag === TIME_OFFSET)
  if (field === undefined) return undefined
  const reader = new Reader(field.value)
  const seconds = reader.u32be('ccache: time offset') | 0
  const microseconds = reader.u32be('ccache: time offset') | 0
  reader.end('ccache: time offset')
  return { seconds, microseconds }
}

/** Makes the header's field of a time offset. */
export function makeTimeOffset(offset: CcacheTimeOffset): CcacheHeaderField {
  const value = new Writer(8)
    .u32be(offset.seconds >>> 0)
    .u32be(offset.microseconds >>> 0)
    .finish()
  return { tag: TIME_OFFSET, value }
}
