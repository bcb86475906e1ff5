import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fromHex } from '../../src/bytes/index.js'
import { decodeToken, decodingErrors, Keyring, keysOfPassword, type DecodedNode } from '../../src/decode/index.js'
import { Enctype, TicketStore, writeKeytab } from '../../src/kerberos/index.js'
import { readVectors } from '../vectors.js'

/** The cases of a file of vectors; their shape is the test's word, which fails if it is another. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
function casesOf<C>(name: string): readonly C[] {
  return readVectors<unknown, unknown>(name).cases as readonly unknown[] as readonly C[]
}

/** A binary file of the vectors. */
function fileOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../../../vectors/${name}`, import.meta.url)))
}

/** Everything in a file of vectors that is a token or a message: hexadecimal under one of these names. */
const NAMES = new Set(['token', 'message', 'request', 'reply', 'kerbMessage', 'kdcProxyMessage'])

function messagesIn(value: unknown, name = ''): readonly string[] {
  if (typeof value === 'string') return NAMES.has(name) && /^(?:[0-9a-f]{2})+$/.test(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((each) => messagesIn(each, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => messagesIn(each, key))
}

function find(node: DecodedNode, label: string): DecodedNode | undefined {
  if (node.label === label) return node
  for (const child of node.children) {
    const found = find(child, label)
    if (found !== undefined) return found
  }
  return undefined
}

function opened(node: DecodedNode): readonly DecodedNode[] {
  const own = node.label.startsWith('decrypted by') ? [node] : []
  return [...own, ...node.children.flatMap(opened)]
}

/** Every key that the vectors say is in a message. */
function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'key' in value && typeof value.key === 'string' && 'enctype' in value ? [value.key] : []
  return [...own, ...Object.values(value).flatMap(keysIn)]
}

interface Key {
  readonly enctype: number
  readonly key: string
}

function ringOf(keys: readonly Key[], showKeys = false): Keyring {
  const ring = new Keyring({ showKeys })
  for (const { enctype, key } of keys) ring.add(enctype, fromHex(key), 'the key of the vectors')
  return ring
}

interface Exchange {
  readonly name: string
  readonly input: { readonly serviceKey: Key; readonly tokens: readonly { readonly token: string }[] }
  readonly expected: {
    readonly encTicketPart: { readonly crealm: string; readonly cname: { readonly name: readonly string[] } }
    readonly messages: readonly { readonly token?: string; readonly plaintext?: string }[]
  }
}

suite('Kerberos messages', () => {
  for (const file of [
    'ap-req',
    'gss-context',
    'gss-iov-dce',
    'gss-wrap-mic',
    'kdc-exchange-decrypt',
    'kdc-flows',
    'kdc-messages-parse',
    'kdc-proxy',
    'kpasswd',
    'rfc4121-tokens',
    'u2u-tgt-tokens',
  ]) {
    test(`of ${file}.json decode without an error`, () => {
      const cases = casesOf<{ readonly name: string }>(`kerberos/${file}.json`)
      const messages = messagesIn(cases)
      assert.ok(messages.length > 0)
      for (const message of messages) {
        const tree = decodeToken(fromHex(message))
        assert.deepEqual(decodingErrors(tree), [], `${file}: ${message.slice(0, 80)}`)
        assert.notEqual(tree.label, 'unknown')
      }
    })
  }

  test('of the reference encodings decode, each as what it is', () => {
    const cases = casesOf<{
      readonly name: string
      readonly input: { readonly type: string }
      readonly expected: { readonly der: string }
    }>('asn1/kerberos-der.json')
    const messages = cases.filter(({ expected }) => /^[67]/.test(expected.der))
    assert.equal(messages.length, 17)
    for (const { name, input, expected } of messages) {
      const tree = decodeToken(fromHex(expected.der))
      // The octets of the references are letters, where a real message has a checksum or more DER.
      const errors = decodingErrors(tree).filter(({ path }) => !/padata-value|ad-data|e-data/.test(path))
      assert.deepEqual(errors, [], name)
      assert.ok(input.type.includes(tree.label) || /KDC|Enc/.test(input.type), `${name}: ${tree.label}`)
    }
  })

  test('are opened by the key of the service, and what is inside by the keys that are found there', () => {
    const cases = casesOf<Exchange>('kerberos/gss-context.json')
    for (const { name, input, expected } of cases) {
      using ring = ringOf([input.serviceKey])
      const trees = input.tokens.map(({ token }) => decodeToken(fromHex(token), { keyring: ring }))
      const [first] = trees
      assert.deepEqual(trees.flatMap(decodingErrors), [], name)
      const ticket = opened(first!).find(({ children }) => children.some(({ label }) => label === 'transited'))
      assert.equal(find(ticket!, 'crealm')?.value, expected.encTicketPart.crealm, name)
      assert.equal(find(ticket!, 'cname')?.meaning, expected.encTicketPart.cname.name.join('/'), name)
      const flags = find(find(first!, 'cksum')!, 'Flags')
      assert.match(flags?.meaning ?? '', /INTEGRITY/, name)
    }
  })

  test('show no key that is in them, unless keys are to be shown', () => {
    for (const file of ['gss-context', 'ap-req']) {
      const cases = casesOf<Exchange & { readonly input: { readonly token?: string } }>(`kerberos/${file}.json`)
      for (const { name, input, expected } of cases) {
        const inside = keysIn(expected)
        assert.ok(inside.length > 0)
        const tokens = messagesIn(input)
        using discreet = ringOf([input.serviceKey])
        const shown = JSON.stringify(tokens.map((token) => decodeToken(fromHex(token), { keyring: discreet })))
        for (const key of [...inside, input.serviceKey.key]) assert.equal(shown.includes(key), false, name)
        using open = ringOf([input.serviceKey], true)
        const all = JSON.stringify(tokens.map((token) => decodeToken(fromHex(token), { keyring: open })))
        assert.ok(
          inside.some((key) => all.includes(key)),
          name,
        )
      }
    }
  })

  test('that are sealed under a key of the exchange are opened by it', () => {
    const cases = casesOf<{
      readonly name: string
      readonly input: { readonly serviceKey: Key; readonly tokens: readonly { readonly token: string }[] }
      readonly expected: { readonly messages: readonly Readonly<Record<string, unknown>>[] }
    }>('kerberos/gss-wrap-mic.json')
    let count = 0
    for (const { name, input, expected } of cases) {
      using ring = ringOf([input.serviceKey])
      for (const { token } of input.tokens) decodeToken(fromHex(token), { keyring: ring })
      for (const message of expected.messages) {
        const [token] = messagesIn(message)
        if (token?.startsWith('0504') !== true) continue
        const tree = decodeToken(fromHex(token), { keyring: ring })
        const sealed = (find(tree, 'Flags')?.meaning ?? '').includes('Sealed')
        if (!sealed) continue
        const data = find(opened(tree)[0] ?? tree, 'data')?.value
        assert.ok(Object.values(message).includes(data), `${name}: ${data ?? 'not opened'}`)
        count++
      }
    }
    assert.ok(count > 4, String(count))
  })

  test('of an exchange with a KDC open one after the other, by the password alone', async () => {
    const cases = casesOf<{
      readonly name: string
      readonly input: {
        readonly type: string
        readonly message: string
        readonly keyFrom: { readonly password?: string }
      }
    }>('kerberos/kdc-exchange-decrypt.json')
    const password = cases[0]?.input.keyFrom.password ?? ''
    const messages = cases
      .filter(({ name }) => name.startsWith('kerberosnet'))
      .map(({ input }) => fromHex(input.message))
    using ring = new Keyring()
    await keysOfPassword(
      password,
      messages.slice(0, 2).map((message) => decodeToken(message)),
      ring,
    )
    const trees = messages.map((message) => decodeToken(message, { keyring: ring }))
    // PA-ENC-TIMESTAMP, the reply for the ticket-granting ticket, then authenticators and replies under its session key.
    for (const tree of trees) assert.notEqual(opened(tree).length, 0, tree.label)
    assert.equal(find(trees[0]!, 'patimestamp')?.value, '20190712160725Z')
    using wrong = new Keyring()
    await keysOfPassword('not it', [decodeToken(messages[0]!)], wrong)
    const tree = decodeToken(messages[0]!, { keyring: wrong })
    assert.deepEqual(opened(tree), [])
    assert.match(JSON.stringify(tree), /no key that is known opens it/)
  })
})

suite('credential caches and keytabs', () => {
  test('of the vectors decode, whoever wrote them, with their tickets and without their keys', () => {
    for (const [list, kind] of [
      ['ccache-files', 'credential cache'],
      ['keytab-files', 'keytab'],
    ] as const) {
      const cases = casesOf<{ readonly name: string; readonly input: { readonly file?: string } }>(
        `kerberos/${list}.json`,
      )
      for (const { name, input, ...rest } of cases) {
        if (input.file === undefined) continue
        const bytes = fileOf(input.file)
        const tree = decodeToken(bytes)
        assert.equal(tree.label, kind, name)
        const errors = decodingErrors(tree).filter(({ path }) => !path.includes('ticket'))
        assert.deepEqual(errors, [], name)
        const keys = [...JSON.stringify(rest).matchAll(/"key(?:value)?":"([0-9a-f]{16,})"/g)].map(([, key = '']) => key)
        const shown = JSON.stringify(tree)
        for (const key of keys) assert.equal(shown.includes(key), false, name)
      }
    }
  })

  test('that are damaged show nothing of what is in them', () => {
    const whole = fileOf('files/mit-alice-v4')
    for (let length = 8; length < whole.length - 1; length += 7) {
      const tree = decodeToken(whole.subarray(0, length))
      assert.equal(tree.children.length === 0 || tree.error === undefined, true)
      assert.equal(tree.value, undefined)
    }
  })
})

suite('PACs', () => {
  interface LogonInfo {
    readonly [name: string]: unknown
    readonly GroupIds: readonly { readonly RelativeId: number }[]
    readonly ExtraSids: readonly { readonly Sid: string }[]
    readonly ResourceGroupDomainSid: string | null
    readonly ResourceGroupIds: readonly { readonly RelativeId: number }[]
  }

  function matches(node: DecodedNode, expected: LogonInfo, name: string): void {
    const { GroupIds, ExtraSids, ResourceGroupDomainSid, ResourceGroupIds, UserSessionKey, ...plain } = expected
    for (const [field, value] of Object.entries(plain)) {
      const shown = find(node, field)?.value
      if (typeof value === 'string' && value !== '') assert.equal(shown, value, `${name}: ${field}`)
      if (typeof value === 'number') assert.equal(shown, String(value), `${name}: ${field}`)
    }
    const children = (label: string) => find(node, label)?.children.map(({ value }) => value) ?? []
    assert.deepEqual(
      children('GroupIds'),
      GroupIds.map(({ RelativeId }) => String(RelativeId)),
      name,
    )
    assert.deepEqual(
      children('ExtraSids'),
      ExtraSids.map(({ Sid }) => Sid),
      name,
    )
    assert.deepEqual(
      children('ResourceGroupIds'),
      ResourceGroupIds.map(({ RelativeId }) => String(RelativeId)),
      name,
    )
    assert.equal(find(node, 'ResourceGroupDomainSid')?.value ?? null, ResourceGroupDomainSid, name)
    assert.ok(typeof UserSessionKey === 'string')
  }

  test('of the vectors say who the user is and which groups it is in', () => {
    const cases = casesOf<{
      readonly name: string
      readonly input: { readonly pac: string }
      readonly expected: { readonly buffers?: readonly { readonly type: number; readonly decoded?: LogonInfo }[] }
    }>('pac/pac.json')
    for (const { name, input, expected } of cases) {
      const tree = decodeToken(fromHex(input.pac))
      if (expected.buffers === undefined) {
        assert.notDeepEqual(decodingErrors(tree), [], name)
        continue
      }
      assert.equal(tree.label, 'PAC', name)
      assert.deepEqual(decodingErrors(tree), [], name)
      assert.match(tree.meaning ?? '', new RegExp(`^${expected.buffers.length} buffers`), name)
      const info = expected.buffers.find(({ type }) => type === 1)?.decoded
      if (info !== undefined) matches(find(tree, 'KERB_VALIDATION_INFO')!, info, name)
    }
  })
})

test('tokens cut short, changed or lengthened become trees with errors, quickly', () => {
  const cases = casesOf<Exchange>('kerberos/gss-context.json')
  const flows = casesOf<{ readonly name: string }>('kerberos/kdc-flows.json')
  const pacs = casesOf<{ readonly name: string; readonly input: { readonly pac: string } }>('pac/pac.json')
  const tokens = [
    ...messagesIn(cases.at(-1)!.input),
    ...messagesIn(flows[0]).slice(0, 2),
    pacs[0]!.input.pac,
    ...messagesIn(casesOf<{ readonly name: string }>('kerberos/kpasswd.json')).slice(-2),
  ].map((hex) => fromHex(hex))
  for (const whole of tokens) {
    for (let length = 0; length < whole.length; length += 3) decodeToken(whole.slice(0, length))
    for (let at = 0; at < whole.length; at += 2) {
      const changed = whole.slice()
      changed[at] = changed[at]! ^ 0x81
      decodeToken(changed)
    }
    decodeToken(new Uint8Array([...whole, 0]))
  }
})

test('authorization data in authorization data ends at a depth', () => {
  let bytes = fromHex('3000')
  const wrap = (tag: number, content: Uint8Array): Uint8Array => {
    const { length } = content
    const octets = [length >> 16, (length >> 8) & 0xff, length & 0xff].slice(
      length > 0xffff ? 0 : length > 0xff ? 1 : 2,
    )
    const head = length < 0x80 ? octets : [0x80 | octets.length, ...octets]
    return new Uint8Array([tag, ...head, ...content])
  }
  for (let level = 0; level < 500; level++) {
    const element = new Uint8Array([...fromHex('a003020101'), ...wrap(0xa1, wrap(0x04, bytes))])
    bytes = wrap(0x30, wrap(0x30, element))
  }
  const authenticator = wrap(0x62, wrap(0x30, wrap(0xa8, bytes)))
  assert.equal(JSON.stringify(decodeToken(authenticator)).includes('nest deeper'), true)
})

test('names in keytabs and caches are escaped for the terminal, as those in tokens are', () => {
  const name = { nameType: 1, nameString: ['HTTP\u001b[2J', 'www\r'] }
  const principal = { realm: 'TEST\u009b1m', name }
  const key = { keytype: Enctype.AES256_CTS_HMAC_SHA1_96, keyvalue: new Uint8Array(32).fill(1) }
  const entry = { ...principal, timestamp: 1, kvno: 1, key }
  const keytab = writeKeytab({ version: 2, byteOrder: 'big', entries: [entry] })
  const store = new TicketStore(principal)
  for (const file of [keytab, store.toCcache()]) {
    const text = JSON.stringify(decodeToken(file))
    assert.match(text, /HTTP\\\\u\{1b\}\[2J\/www\\\\u\{d\}@TEST\\\\u\{9b\}1m/)
    assert.doesNotMatch(text, /\\u001b|\u009b|\\r/)
  }
  store.dispose()
})
