import { decodeUtf8, Reader } from '../bytes/index.js'
import { ExtensionType } from '../schannel/index.js'
import { distinguishedName } from './distinguished-name.js'
import type { About, DecodedNode, Scope } from './node.js'
import { printable } from './printable.js'
import { extensionName, groupName, nameOf, namesOf, schemeName, versionName } from './tls-names.js'

/** The message that an extension stands in, for it may look otherwise in another. */
export type Bearer = 'ClientHello' | 'ServerHello' | 'HelloRetryRequest' | 'other'

/** Takes the content of an extension apart. */
type Look = (content: Uint8Array, bearer: Bearer, scope: Scope) => About

/** What extensions hold, RFC 8446 §4.2 and RFC 6066. One that is not here is shown in hexadecimal. */
const EXTENSIONS: ReadonlyMap<number, Look> = new Map<number, Look>([
  [ExtensionType.SERVER_NAME, unlessEmpty(within(2, serverNames))],
  [ExtensionType.MAX_FRAGMENT_LENGTH, (content) => ({ meaning: `${256 << (content[0] ?? 0)} bytes` })],
  [ExtensionType.SUPPORTED_GROUPS, within(2, namesOf(groupName))],
  [ExtensionType.EC_POINT_FORMATS, within(1, pointFormats)],
  [ExtensionType.SIGNATURE_ALGORITHMS, within(2, namesOf(schemeName))],
  [ExtensionType.SIGNATURE_ALGORITHMS_CERT, within(2, namesOf(schemeName))],
  [ExtensionType.ALPN, within(2, protocols)],
  [ExtensionType.PADDING, (content) => ({ value: undefined, meaning: `${content.length} bytes` })],
  [ExtensionType.RECORD_SIZE_LIMIT, number],
  [ExtensionType.SESSION_TICKET, (content) => ({ value: undefined, meaning: ticketMeaning(content) })],
  [ExtensionType.PRE_SHARED_KEY, preSharedKeys],
  [ExtensionType.EARLY_DATA, (content) => (content.length === 4 ? { meaning: earlyData(content) } : {})],
  [ExtensionType.SUPPORTED_VERSIONS, versions],
  [ExtensionType.COOKIE, within(2, (cookie) => ({ value: undefined, meaning: `${cookie.length} bytes` }))],
  [ExtensionType.PSK_KEY_EXCHANGE_MODES, within(1, pskModes)],
  [ExtensionType.CERTIFICATE_AUTHORITIES, within(2, authorities)],
  [ExtensionType.KEY_SHARE, keyShares],
])

/** The extensions of a message, behind their length in two bytes. */
export function decodeExtensions(bytes: Uint8Array, bearer: Bearer, scope: Scope): DecodedNode {
  return scope.collect('extensions', bytes, (children) => {
    const reader = new Reader(bytes)
    const list = reader.take(reader.u16be('extensions: length'), 'extensions')
    const entries = new Reader(list)
    while (entries.remaining > 0) {
      const start = entries.offset
      const type = entries.u16be('extension: type')
      const name = extensionName(type)
      const content = entries.take(entries.u16be(`${name}: length`), name)
      children.push(decodeExtension(type, list.subarray(start, entries.offset), content, bearer, scope))
    }
    reader.end('extensions')
    return { meaning: `${children.length}` }
  })
}

function decodeExtension(type: number, whole: Uint8Array, content: Uint8Array, bearer: Bearer, scope: Scope) {
  const name = extensionName(type)
  const plain = scope.hex(name, content)
  const inner = scope.collect(name, content, (children) => {
    const { children: parts = [], ...about } = EXTENSIONS.get(type)?.(content, bearer, scope) ?? {}
    children.push(...parts)
    return { value: plain.value, ...about }
  })
  return { ...inner, offset: scope.node(name, whole).offset, length: whole.length }
}

/** A list behind its length, which is all of the content. */
function within(lengthBytes: 1 | 2, look: (content: Uint8Array, scope: Scope) => About): Look {
  return (content, _bearer, scope) => {
    const reader = new Reader(content)
    const length = lengthBytes === 1 ? reader.u8('length') : reader.u16be('length')
    const about = look(reader.take(length, 'list'), scope)
    reader.end('list')
    return about
  }
}

/** A server answers some extensions by the name alone. */
function unlessEmpty(look: Look): Look {
  return (content, bearer, scope) => (content.length === 0 ? { meaning: 'acknowledged' } : look(content, bearer, scope))
}

/** RFC 6066 §3: the only kind of name that there is has the number 0. */
function serverNames(list: Uint8Array): About {
  const reader = new Reader(list)
  const names: string[] = []
  while (reader.remaining > 0) {
    const type = reader.u8('name_type')
    const name = printable(decodeUtf8(reader.take(reader.u16be('name: length'), 'name'), 'name'))
    names.push(type === 0 ? name : `${name} (name_type ${type})`)
  }
  return { value: names.join(', ') }
}

/** RFC 7301 §3.1. */
function protocols(list: Uint8Array): About {
  const reader = new Reader(list)
  const names: string[] = []
  while (reader.remaining > 0) {
    names.push(printable(decodeUtf8(reader.take(reader.u8('protocol: length'), 'protocol'), 'protocol')))
  }
  return { value: names.join(', ') }
}

/** RFC 8422 §5.1.2. */
function pointFormats(list: Uint8Array): About {
  const names = ['uncompressed', 'ansiX962_compressed_prime', 'ansiX962_compressed_char2']
  return { meaning: Array.from(list, (format) => names[format] ?? `format ${format}`).join(', ') }
}

/** RFC 8446 §4.2.9. */
function pskModes(list: Uint8Array): About {
  return { meaning: Array.from(list, (mode) => ['psk_ke', 'psk_dhe_ke'][mode] ?? `mode ${mode}`).join(', ') }
}

/** RFC 8446 §4.2.1: a client lists what it speaks, a server names what it has chosen. */
function versions(content: Uint8Array, bearer: Bearer, scope: Scope): About {
  return bearer === 'ClientHello'
    ? within(1, namesOf(versionName))(content, bearer, scope)
    : nameOf(versionName)(content)
}

/** RFC 8446 §4.2.8: groups with the lengths of what is sent of them; a HelloRetryRequest has the group alone. */
function keyShares(content: Uint8Array, bearer: Bearer, scope: Scope): About {
  if (bearer === 'HelloRetryRequest') return nameOf(groupName)(content)
  const reader = new Reader(content)
  const list = bearer === 'ClientHello' ? reader.take(reader.u16be('client_shares: length'), 'client_shares') : content
  const children: DecodedNode[] = []
  const entries = new Reader(list)
  while (entries.remaining > 0) {
    const start = entries.offset
    const group = groupName(entries.u16be('group'))
    const key = entries.take(entries.u16be('key_exchange: length'), 'key_exchange')
    const share = list.subarray(start, entries.offset)
    children.push(scope.node(group, share, { meaning: `${key.length} bytes` }))
  }
  return { value: undefined, children }
}

/** RFC 8446 §4.2.11: what a client offers to go on with; a server names the one it has chosen. */
function preSharedKeys(content: Uint8Array, bearer: Bearer, scope: Scope): About {
  if (bearer !== 'ClientHello') {
    return { value: undefined, meaning: `identity ${new Reader(content).u16be('identity')}` }
  }
  const children: DecodedNode[] = []
  const reader = new Reader(content)
  const identities = reader.take(reader.u16be('identities: length'), 'identities')
  for (const list = new Reader(identities); list.remaining > 0;) {
    const start = list.offset
    const { length } = list.take(list.u16be('identity: length'), 'identity')
    list.skip(4, 'obfuscated_ticket_age')
    children.push(
      scope.node('identity', identities.subarray(start, list.offset), { meaning: `a ticket of ${length} bytes` }),
    )
  }
  const binders = reader.take(reader.u16be('binders: length'), 'binders')
  for (const list = new Reader(binders); list.remaining > 0;) {
    const start = list.offset
    const { length } = list.take(list.u8('binder: length'), 'binder')
    children.push(scope.node('binder', binders.subarray(start, list.offset), { meaning: `${length} bytes` }))
  }
  reader.end('pre_shared_key')
  return { value: undefined, children }
}

/** Names of authorities in DER, each behind its length: RFC 8446 §4.2.4, and RFC 5246 §7.4.4 in the message itself. */
export function authorities(list: Uint8Array, scope: Scope): About {
  const children: DecodedNode[] = []
  const reader = new Reader(list)
  while (reader.remaining > 0) {
    const start = reader.offset
    const der = reader.take(reader.u16be('authority: length'), 'authority')
    const name = scope.collect('authority', der, () => ({ value: printable(distinguishedName(der)) }))
    const { offset, length } = scope.node('authority', list.subarray(start, reader.offset))
    children.push({ ...name, offset, length })
  }
  return { value: undefined, meaning: `${children.length} names`, children }
}

function number(content: Uint8Array): About {
  return { value: String(new Reader(content).u16be('number')) }
}

function ticketMeaning(content: Uint8Array): string {
  return content.length === 0 ? 'a ticket is welcome' : `a ticket of ${content.length} bytes`
}

/** In a NewSessionTicket: how much may be sent before the server has answered. */
function earlyData(content: Uint8Array): string {
  return `${new Reader(content).u32be('max_early_data_size')} bytes at most`
}
