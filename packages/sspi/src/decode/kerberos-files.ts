import { Reader } from '../bytes/index.js'
import {
  ccacheTimeOffset,
  encryptionProfiles,
  isRemovedCredential,
  readCcache,
  readCcacheConfig,
  readKeytab,
  TicketFlag,
  type CcacheCredential,
  type EncryptionKey,
  type KeytabEntry,
} from '../kerberos/index.js'
import { SspiError } from '../sspi/index.js'
import { bitsOf, enctypeName, principalText } from './kerberos-names.js'
import { bitNames, hexNumber } from './names.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'
import { printable } from './printable.js'

const MAGIC = 5

/** Credential cache files. They are full of keys: what does not parse is not shown. */
export const ccacheFile: TokenDecoder = {
  name: 'credential cache',
  recognises: (bytes) =>
    bytes[0] === MAGIC && (bytes[1] === 3 || bytes[1] === 4 || (isOldVersion(bytes) && beginsWithSmallNumber(bytes))),
  decode: (bytes, scope) =>
    readOrHide('credential cache', bytes, scope, () => {
      const ccache = readCcache(bytes)
      const offset = ccacheTimeOffset(ccache)
      const owner = scope.node('default principal', bytes.subarray(0, 0), {
        value: principalText(ccache.defaultPrincipal),
      })
      const clock =
        offset === undefined
          ? []
          : [scope.node('time offset of the KDC', bytes.subarray(0, 0), { value: `${offset.seconds} s` })]
      const credentials = ccache.credentials.map((credential, index) => {
        const start = index === 0 ? undefined : endOf(ccache.credentials[index - 1]!) // the one before
        const end = endOf(credential)
        const from = (start ?? credential.key.keyvalue.byteOffset) - bytes.byteOffset
        return credentialNode(credential, bytes.subarray(from, end - bytes.byteOffset), scope)
      })
      return { meaning: `version ${ccache.version}`, children: [owner, ...clock, ...credentials] }
    }),
}

/** Keytab files. */
export const keytabFile: TokenDecoder = {
  name: 'keytab',
  recognises: (bytes) => isOldVersion(bytes) && bytes.length >= 2 && !beginsWithSmallNumber(bytes),
  decode: (bytes, scope) =>
    readOrHide('keytab', bytes, scope, () => {
      const { version, entries } = readKeytab(bytes)
      return { meaning: `version ${version}`, children: entries.map((entry) => entryNode(entry, scope)) }
    }),
}

/** Keytabs and old caches begin alike. What follows is the length of an entry, or a name type or a number of components. */
function beginsWithSmallNumber(bytes: Uint8Array): boolean {
  if (bytes.length < 6) return false
  const [big, little] = [new Reader(bytes.subarray(2)).u32be('number'), new Reader(bytes.subarray(2)).u32le('number')]
  return Math.min(big, little) <= SMALL
}

/** Name types go up to 11; the shortest entry of a keytab has more bytes. */
const SMALL = 12

function isOldVersion(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC && (bytes[1] === 1 || bytes[1] === 2)
}

function readOrHide(
  label: string,
  bytes: Uint8Array,
  scope: Scope,
  read: () => { readonly meaning: string; readonly children: readonly DecodedNode[] },
): DecodedNode {
  try {
    return scope.node(label, bytes, read())
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return scope.node(label, bytes, { error: error.message })
  }
}

function credentialNode(credential: CcacheCredential, bytes: Uint8Array, scope: Scope): DecodedNode {
  const config = readCcacheConfig(credential)
  const nothing = bytes.subarray(0, 0)
  if (config !== undefined) {
    const about = config.principal === undefined ? config.key : `${config.key} (${config.principal})`
    return scope.node('configuration', bytes, { value: printable(about), children: [scope.hex('value', config.value)] })
  }
  const { client, server, key, ticket, secondTicket, ticketFlags } = credential
  const time = (label: string, seconds: number): DecodedNode =>
    scope.node(label, nothing, { value: String(seconds), meaning: seconds === 0 ? 'none' : timeText(seconds) })
  learn(key, `the session key of ${principalText(server)}`, scope)
  const children = [
    scope.node('client', nothing, { value: principalText(client) }),
    scope.node('server', nothing, { value: principalText(server) }),
    keyNode(key, scope),
    time('authtime', credential.authTime),
    time('starttime', credential.startTime),
    time('endtime', credential.endTime),
    time('renew-till', credential.renewTill),
    scope.node('flags', nothing, {
      value: hexNumber(ticketFlags >>> 0, 8),
      meaning: bitNames(ticketFlags >>> 0, bitsOf(TicketFlag)),
    }),
    scope.nested('ticket', ticket),
    ...(secondTicket.length === 0 ? [] : [scope.nested('second ticket', secondTicket)]),
  ]
  return scope.node(isRemovedCredential(credential) ? 'removed credential' : 'credential', bytes, { children })
}

function entryNode(entry: KeytabEntry, scope: Scope): DecodedNode {
  const { kvno, key, timestamp } = entry
  learn(key, `the key of ${principalText(entry)}, version ${kvno}`, scope)
  const nothing = key.keyvalue.subarray(0, 0)
  return scope.node('entry', key.keyvalue, {
    value: principalText(entry),
    children: [
      scope.node('kvno', nothing, { value: String(kvno) }),
      scope.node('timestamp', nothing, { value: String(timestamp), meaning: timeText(timestamp) }),
      keyNode(key, scope),
    ],
  })
}

function keyNode({ keytype, keyvalue }: EncryptionKey, scope: Scope): DecodedNode {
  const shown = scope.keyring.about(keyvalue)
  const name = enctypeName(keytype) ?? `encryption type ${keytype}`
  return scope.node('key', keyvalue, { ...shown, meaning: [name, shown.meaning].filter(Boolean).join(', ') })
}

function learn({ keytype, keyvalue }: EncryptionKey, origin: string, scope: Scope): void {
  if (encryptionProfiles.has(keytype)) scope.keyring.add(keytype, keyvalue, origin)
}

function endOf({ secondTicket }: CcacheCredential): number {
  return secondTicket.byteOffset + secondTicket.length
}

function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
