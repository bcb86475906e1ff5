import type { Tlv } from '../bytes/index.js'
import {
  AddressType,
  decodeDer as parse,
  KeyUsage,
  NameType,
  readEncryptedData,
  readEncryptionKey,
} from '../kerberos/index.js'
import { SspiError } from '../sspi/index.js'
import {
  field,
  integer,
  keyOctets,
  octets,
  sequence,
  sequenceOf,
  text,
  type Inside,
  type Shape,
} from './asn1-shapes.js'
import { isDer } from './der.js'
import { checksumName, enctypeName, nameIn } from './kerberos-names.js'
import { withSecret } from './keyring.js'
import type { DecodedNode, Scope } from './node.js'

/** PrincipalName, RFC 4120 section 5.2.2, with the name as people write it. */
export const principalName: Shape = sequence(
  [field(0, 'name-type', integer(nameIn(NameType))), field(1, 'name-string', sequenceOf('component', text))],
  (children) => {
    const components = children.find(({ label }) => label === 'name-string')?.children ?? []
    return components.map(({ value = '' }) => value).join('/')
  },
)

/** HostAddress, RFC 4120 section 5.2.5. */
export const hostAddress: Shape = sequence([
  field(0, 'addr-type', integer(nameIn(AddressType))),
  field(
    1,
    'address',
    octets((label, bytes, scope) => scope.hex(label, bytes, bytes.length === 4 ? bytes.join('.') : undefined)),
  ),
])

/** HostAddresses, RFC 4120 section 5.2.5. */
export const hostAddresses: Shape = sequenceOf('HostAddress', hostAddress)

/** Checksum, RFC 4120 section 5.2.9. */
export const checksum: Shape = sequence([field(0, 'cksumtype', integer(checksumName)), field(1, 'checksum', octets())])

/** An encryption type. */
export const enctype: Shape = integer(enctypeName)

/**
 * EncryptionKey, RFC 4120 section 5.2.9. What it opens further on is opened by it; it is shown where keys are.
 *
 * @param origin - Whose key it is, in words.
 */
export function encryptionKey(origin: string): Shape {
  const fields = sequence([field(0, 'keytype', enctype), field(1, 'keyvalue', keyOctets)])
  return (label, element, scope) => {
    learnKey(element, origin, scope)
    return fields(label, element, scope)
  }
}

/**
 * EncryptedData, RFC 4120 section 5.2.9, opened where the key is known.
 *
 * @param usages - What it may be encrypted for.
 */
export function encrypted(usages: readonly number[], inside: Inside): Shape {
  const fields = sequence([field(0, 'etype', enctype), field(1, 'kvno?', integer()), field(2, 'cipher', octets())])
  return (label, element, scope) => {
    const node = fields(label, element, scope)
    const parsed = tried(() => parse(element.whole, readEncryptedData))
    if (parsed === undefined) return node
    const name = enctypeName(parsed.etype) ?? `encryption type ${parsed.etype}`
    const opened = open(parsed, usages, inside, scope)
    if (opened !== undefined) return { ...node, meaning: name, children: [...node.children, opened] }
    return { ...node, meaning: scope.keyring.isEmpty ? name : `${name}; no key that is known opens it` }
  }
}

/** Something encrypted, without its frame. */
export function open(
  { etype, cipher }: { readonly etype: number; readonly cipher: Uint8Array },
  usages: readonly number[],
  inside: Inside,
  scope: Scope,
): DecodedNode | undefined {
  // KRB-CREDs may come without encryption, inside of something else that protects them (RFC 4121 section 4.1.1).
  if (etype === 0 && usages.includes(KeyUsage.KRB_CRED_ENCPART) && isDer(cipher)) {
    return scope.deeper('not encrypted', cipher, (deeper) => inside('not encrypted', cipher, deeper))
  }
  const opened = scope.keyring.open(etype, usages, cipher)
  if (opened === undefined) return undefined
  const label = `decrypted by ${opened.origin}`
  return withSecret(opened.plaintext, (plaintext) => scope.apart(label, plaintext, inside))
}

function learnKey(element: Tlv, origin: string, scope: Scope): void {
  const key = tried(() => parse(element.whole, readEncryptionKey))
  if (key !== undefined) scope.keyring.add(key.keytype, key.keyvalue, origin)
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
