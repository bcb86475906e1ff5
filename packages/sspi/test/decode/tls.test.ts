import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, toHex } from '../../src/bytes/index.js'
import { decodeToken, decodingErrors, type DecodedNode } from '../../src/decode/index.js'
import { extensionName, groupName } from '../../src/decode/tls-names.js'
import { filesOf } from '../schannel/certificates.js'
import { readVectors } from '../vectors.js'

/** What a message is to say; what is left out is not looked at. */
interface Message {
  readonly name: string
  readonly length: number
  readonly suite?: string
  readonly suites?: readonly string[]
  readonly extensions?: readonly (readonly [type: number, length: number])[]
  readonly groups?: readonly number[]
  readonly schemes?: readonly string[]
  readonly protocols?: readonly string[]
  readonly versions?: readonly string[]
  /** Group and length of the share; a HelloRetryRequest has the group alone. */
  readonly keyShares?: readonly (readonly [group: number, length?: number])[]
  readonly serverName?: string
  readonly certificateTypes?: readonly string[]
  readonly authorities?: readonly string[]
  readonly certificates?: readonly { readonly length: number; readonly subject: string; readonly issuer: string }[]
}
interface Record {
  readonly type: number
  readonly length: number
  readonly messages?: readonly Message[]
}
interface Legs {
  readonly legs: readonly { readonly from: string; readonly token: string }[]
}

const recorded = readVectors<Legs, { readonly legs: readonly (readonly Record[])[] }>('tls/handshakes.json').cases
const published = readVectors<
  { readonly token: string },
  { readonly records?: readonly Record[]; readonly messages?: readonly Message[] }
>('tls/rfc8448-messages.json').cases
/** One flight of each kind: to change every byte of all of them takes long. */
const fuzzed = [
  ...recorded.slice(0, 2).flatMap(({ input }) => input.legs.slice(0, 2).map(({ token }) => fromHex(token))),
  ...published.map(({ input }) => fromHex(input.token)),
]
const CONTENT_TYPES = ['change_cipher_spec', 'alert', 'handshake', 'application_data']

for (const { name, input, expected } of published) {
  test(`RFC 8448, ${name}`, () => {
    const root = decodeToken(input.token)
    assert.deepEqual(decodingErrors(root), [])
    if (expected.records !== undefined) checkRecords(root, expected.records)
    else checkMessages(root.children, expected.messages ?? [])
  })
}

for (const { name, input, expected } of recorded) {
  test(`as OpenSSL tells it: ${name}`, () => {
    for (const [index, { token }] of input.legs.entries()) {
      const root = decodeToken(token)
      assert.deepEqual(decodingErrors(root), [])
      assert.match(root.label, /^TLS /)
      checkRecords(root, expected.legs[index]!)
    }
  })
}

function checkRecords(root: DecodedNode, expected: readonly Record[]): void {
  assert.deepEqual(
    root.children.map(({ label, length }) => [label, length - 5]),
    expected.map(({ type, length }) => [`record: ${CONTENT_TYPES[type - 20] ?? ''}`, length]),
  )
  for (const [index, { messages }] of expected.entries()) {
    const [, , , ...content] = root.children[index]!.children // type, version and length come first
    if (messages !== undefined) checkMessages(content, messages)
    else if (expected[index]!.type !== 20) assert.match(content[0]?.meaning ?? '', /, encrypted$/)
  }
}

function checkMessages(nodes: readonly DecodedNode[], expected: readonly Message[]): void {
  const names = expected.map(({ name, length }) => [name, length + 4])
  // OpenSSL does not tell a HelloRetryRequest from a ServerHello by its name.
  const got = nodes.map(({ label, length }, index) => [
    expected[index]?.name === 'ServerHello' && label === 'HelloRetryRequest' ? 'ServerHello' : label,
    length,
  ])
  assert.deepEqual(got, names)
  for (const [index, message] of expected.entries()) checkMessage(nodes[index]!, message)
}

function checkMessage(node: DecodedNode, message: Message): void {
  const list = (label: string): readonly string[] | undefined => find(node, label)?.meaning?.split(', ')
  const same = (label: string, wanted: readonly string[] | undefined): void => {
    if (wanted !== undefined) assert.deepEqual(list(label), wanted, label)
  }
  same('cipher_suites', message.suites)
  same('cipher_suite', message.suite === undefined ? undefined : [message.suite])
  same('supported_groups', message.groups?.map(groupName))
  same(
    message.name === 'CertificateRequest' && message.extensions === undefined
      ? 'supported_signature_algorithms'
      : 'signature_algorithms',
    message.schemes,
  )
  same('supported_versions', message.versions)
  same('certificate_types', message.certificateTypes)
  if (message.protocols !== undefined) {
    assert.equal(find(node, 'application_layer_protocol_negotiation')?.value, message.protocols.join(', '))
  }
  if (message.serverName !== undefined) assert.equal(find(node, 'server_name')?.value, message.serverName)
  if (message.extensions !== undefined) {
    const extensions = find(node, 'extensions')?.children.map(({ label, length }) => [label, length - 4])
    assert.deepEqual(
      extensions,
      message.extensions.map(([type, length]) => [extensionName(type), length]),
    )
  }
  if (message.keyShares !== undefined) checkShares(find(node, 'key_share')!, message.keyShares)
  if (message.authorities !== undefined) {
    const names = find(node, 'certificate_authorities')?.children.map(({ value }) => value)
    assert.deepEqual(names, message.authorities.map(withoutSpaces))
  }
  if (message.certificates !== undefined) {
    const found = all(node, 'certificate').map(({ length, value, meaning }) => [length - 3, value, meaning])
    assert.equal(found.length, message.certificates.length)
    for (const [index, { length, subject, issuer }] of message.certificates.entries()) {
      const [size, value, meaning] = found[index]!
      assert.deepEqual([size, value], [length, withoutSpaces(subject)])
      assert.ok(String(meaning).startsWith(`issued by ${withoutSpaces(issuer)}, good from `), String(meaning))
    }
  }
}

function checkShares(node: DecodedNode, expected: NonNullable<Message['keyShares']>): void {
  const [first] = expected
  if (first !== undefined && first[1] === undefined) {
    assert.equal(node.meaning, groupName(first[0]))
    return
  }
  assert.deepEqual(
    node.children.map(({ label, meaning }) => [label, meaning]),
    expected.map(([group, length]) => [groupName(group), `${length} bytes`]),
  )
}

/** OpenSSL writes `CN = alice` in a trace. */
function withoutSpaces(name: string): string {
  return name.replaceAll(' = ', '=')
}

test('what a token is made of is its label, whatever is encrypted', () => {
  const labels = recorded[0]!.input.legs.map(({ token }) => decodeToken(token).label)
  assert.deepEqual(labels.slice(0, 5), [
    'TLS ClientHello',
    'TLS ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone',
    'TLS Certificate, ClientKeyExchange, CertificateVerify, change_cipher_spec, encrypted handshake',
    'TLS NewSessionTicket, change_cipher_spec, encrypted handshake',
    'TLS application_data',
  ])
  assert.equal(labels.at(-1), 'TLS encrypted alert')
  assert.equal(decodeToken(recorded[1]!.input.legs[1]!.token).label, 'TLS HelloRetryRequest, change_cipher_spec')
})

test('an alert in the clear is named', () => {
  const root = decodeToken(fromHex('15030300020228'))
  assert.equal(root.label, 'TLS alert handshake_failure')
  assert.equal(find(root, 'level')?.meaning, 'fatal')
  assert.equal(find(root, 'description')?.meaning, 'handshake_failure')
})

test('a message that goes over several records is put together, however it is cut', () => {
  const [header, body] = split(fromHex(recorded[0]!.input.legs[0]!.token), 5)
  const whole = find(decodeToken(concatBytes(header, body)), 'ClientHello')
  for (const size of [1, 3, 4, 5, 100, body.length - 1]) {
    const records: Uint8Array[] = []
    for (let at = 0; at < body.length; at += size) records.push(handshakeRecord(body.subarray(at, at + size)))
    const root = decodeToken(concatBytes(...records))
    assert.deepEqual(decodingErrors(root), [])
    assert.equal(root.label, 'TLS ClientHello')
    assert.deepEqual(find(root, 'ClientHello'), { ...whole, offset: 0, children: shifted(whole!.children, -5) })
  }
})

test('a certificate with several names, and one that is none, are told as far as it goes', () => {
  const pem = filesOf('client-upn').certificate ?? ''
  const der = new Uint8Array(Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
  const message = (certificate: Uint8Array): Uint8Array => {
    const list = concatBytes(length24(certificate.length), certificate)
    return concatBytes(Uint8Array.of(11), length24(list.length + 3), length24(list.length), list)
  }
  const root = decodeToken(handshakeRecord(message(der)))
  assert.equal(find(root, 'certificate')?.value, 'CN=Alice Adams')
  const bad = decodeToken(handshakeRecord(message(der.subarray(0, 100))))
  assert.match(decodingErrors(bad)[0]?.error ?? '', /does not parse/)
  assert.equal(find(bad, 'certificate_list')?.length, 106)
})

test('names of a peer do not steer the terminal', () => {
  const hello = fromHex(recorded[0]!.input.legs[0]!.token)
  const at = toHex(hello).indexOf(Buffer.from('server.example').toString('hex')) / 2
  hello[at] = 0x1b
  assert.match(find(decodeToken(hello), 'server_name')?.value ?? '', /^\\u\{1b\}erver/)
})

test('made-up numbers that keep servers tolerant are named as such', () => {
  assert.equal(extensionName(0x2a2a), 'GREASE')
  assert.equal(groupName(0xfafa), 'GREASE')
  assert.equal(groupName(0x0a1a), '0x0a1a')
})

test('no prefix, no flipped byte and no length that lies makes the decoder throw or look elsewhere', () => {
  for (const token of fuzzed) {
    for (let length = 0; length < token.length; length++) {
      assertSound(token.subarray(0, length))
      const changed = token.slice()
      changed[length]! ^= [0x01, 0x80, 0xff][length % 3]! // both bounded
      assertSound(changed)
    }
  }
})

test('a record that is cut off says so, and is shown as far as it goes', () => {
  const hello = fromHex(recorded[0]!.input.legs[0]!.token)
  const root = decodeToken(hello.subarray(0, 100))
  assert.equal(root.label, 'TLS ClientHello')
  assert.equal(find(root, 'random')?.length, 32)
  assert.ok(decodingErrors(root).some(({ error }) => error.includes('95 of its 346 bytes')))
})

function assertSound(token: Uint8Array): void {
  const walk = ({ label, offset, length, children }: DecodedNode, bounds: number): void => {
    // What was put together is not in the token; its offsets count from its own start.
    const apart = label === 'handshake messages, put together'
    assert.ok(offset >= 0 && offset + length <= (apart ? token.length : bounds), `${label} lies outside of the token`)
    for (const child of children) walk(child, apart ? length : bounds)
  }
  walk(decodeToken(token), token.length)
}

function find(node: DecodedNode, label: string): DecodedNode | undefined {
  return all(node, label)[0]
}

function all(node: DecodedNode, label: string): readonly DecodedNode[] {
  return [...(node.label === label ? [node] : []), ...node.children.flatMap((child) => all(child, label))]
}

function shifted(nodes: readonly DecodedNode[], by: number): readonly DecodedNode[] {
  return nodes.map((node) => ({ ...node, offset: node.offset + by, children: shifted(node.children, by) }))
}

function split(bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.subarray(at)]
}

function handshakeRecord(body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(22, 3, 3, body.length >>> 8, body.length & 0xff), body)
}

function length24(length: number): Uint8Array {
  return Uint8Array.of(length >>> 16, (length >>> 8) & 0xff, length & 0xff)
}
