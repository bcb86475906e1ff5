import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { fileCcache } from '../../src/io/ccache-store/index.js'
import { readProfileFiles } from '../../src/io/krb5-conf/index.js'
import { MAX_PAC_BUFFERS, MAX_PAC_BYTES } from '../../src/kerberos/index.js'
import {
  DEFAULT_HALF_OPEN_LIMITS,
  passwordCredential,
  SecBuffer,
  SecBufferDesc,
  SECBUFFER_TOKEN,
  SECPKG_CRED_INBOUND,
} from '../../src/sspi/index.js'
import { MAX_OWN_MESSAGES, MAX_RECORD_BODY } from '../../src/schannel/constants.js'
import { MAX_EXPORT } from '../../src/schannel/key-schedule.js'
import { KEY_RECORDS } from '../../src/schannel/record-protection.js'
import { initSecurityInterface } from '../../src/system/index.js'

// docs/limits.md, held to the code. A row that is added there needs one here, and the other way round.

const ROOT = new URL('../../../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

/** A constant that no door lets out: the number that stands at the first place that matches. */
function inSource(file: string, before: RegExp): () => number {
  return () => {
    const found = new RegExp(`${before.source}([0-9_xa-f *]+)`).exec(read(`packages/sspi/src/${file}`))
    assert.ok(found?.[1], `${file}: no number behind ${before.source}`)
    return found[1].split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1)
  }
}

const announced = (name: string): number => initSecurityInterface().querySecurityPackageInfo(name).maxToken
const readOf = (name: string): number =>
  name === 'WDigest'
    ? inSource('digest/constants.ts', /MAX_INPUT_TOKEN = /)()
    : Math.max(2 * announced(name), inSource('sspi/input.ts', /MIN_INPUT_LIMIT = /)())

const FIGURES: Readonly<Record<string, () => number | 'none'>> = {
  'token that NTLM reads': () => readOf('NTLM'),
  'token that Negotiate reads': () => readOf('Negotiate'),
  'token that WDigest reads': inSource('digest/constants.ts', /MAX_INPUT_TOKEN = /),
  'token that Schannel reads': inSource('schannel/constants.ts', /MAX_INPUT_TOKEN = /),
  '`maxToken`, Schannel': () => announced('Schannel'),
  'handshake of one TLS connection': inSource('schannel/constants.ts', /MAX_HANDSHAKE_BYTES = /),
  'body of a TLS record': () => MAX_RECORD_BODY,
  'handshake message behind the handshake': inSource(
    'schannel/messages/handshake-stream.ts',
    /MAX_HANDSHAKE_MESSAGE = /,
  ),
  'records under one key': () => KEY_RECORDS,
  'tickets, key updates, warnings in a row': () => MAX_OWN_MESSAGES,
  'sessions that a client’s credential keeps': inSource('schannel/session-cache.ts', /MAX_CACHED_SESSIONS = /),
  'keying material of one query': () => MAX_EXPORT,
  'token that CREDSSP reads': () => 2 * inSource('credssp/constants.ts', /MAX_TS_REQUEST = /)(),
  '`maxToken`, CREDSSP': () => announced('CREDSSP'),
  'TSRequest within its TLS records': inSource('credssp/constants.ts', /MAX_TS_REQUEST = /),
  'negoTokens in a TSRequest': inSource('credssp/constants.ts', /MAX_NEGO_TOKENS = /),
  'supplemental credentials in TSCredentials': inSource('credssp/constants.ts', /MAX_SUPPLEMENTAL_CREDENTIALS = /),
  'token that another package reads': inSource('sspi/input.ts', /MIN_INPUT_LIMIT = /),
  '`SECPKG_ATTR_SIZES.maxToken`, NTLM': () => announced('NTLM'),
  '`maxToken`, Negotiate': () => announced('Negotiate'),
  '`maxToken`, WDigest': () => announced('WDigest'),
  'authorization identity of SASL': inSource('sasl/constants.ts', /MAX_AUTHORIZATION_ID = /),
  'protected message of SASL, GSSAPI': inSource('sasl/constants.ts', /DEFAULT_SASL_SIZE = /),
  'protected message of SASL, GSS-SPNEGO': inSource('sasl/constants.ts', /MAX_SASL_SIZE = /),
  'protected message of SASL, DIGEST-MD5': inSource('sasl/profiles.ts', /DIGEST_SIZE = /),
  'target information, marshalled': inSource('sspi/auth-identity/target-information.ts', /MAX_CHARACTERS = /),
  'part of an identity (`AuthIdentity`)': inSource('sspi/auth-identity/identity-structure.ts', /MAX_PART = /),
  'field of an NTLM message, AV pair': inSource('ntlm/av-pairs.ts', /value.length > /),
  'directives in a token of WDigest': inSource('digest/constants.ts', /MAX_DIRECTIVES = /),
  'mechanisms in a list of Negotiate': inSource('negotiate/constants.ts', /DEFAULT_MAX_MECH_TYPES = /),
  'object identifier, content': inSource('bytes/oid.ts', /MAXIMUM_BYTES = /),
  'object identifier, one arc': inSource('bytes/oid.ts', /MAXIMUM_GROUPS = /),
  'half-open contexts of an interface': () => DEFAULT_HALF_OPEN_LIMITS.maxHalfOpen,
  'time to authenticate': () => DEFAULT_HALF_OPEN_LIMITS.authenticationSeconds,
  'clock of an NTLM client, either way': inSource('ntlm/options.ts', /DEFAULT_SKEW_SECONDS = /),
  'exported context, lifetime': inSource('sspi/context-moving.ts', /lifetimeSeconds = /),
  'exported context, longest lifetime': inSource('sspi/context-moving.ts', /MAX_EXPORT_SECONDS = /),
  'entries of a memory replay cache': inSource('io/stores/memory-replay-cache.ts', /maxEntries = /),
  'key that a replay cache keeps as it is': inSource('io/stores/memory-replay-cache.ts', /LONGEST_KEY = /),
  'nonces of a memory nonce store': inSource('io/stores/memory-nonce-store.ts', /maxEntries = /),
  'count of a nonce behind the highest one': inSource('io/stores/memory-nonce-store.ts', /, window = /),
  'nonce of a Digest server, lifetime': inSource('digest/options.ts', /DEFAULT_NONCE_SECONDS = /),
  'stale nonces of a server in one exchange': inSource('digest/initiator.ts', /MAX_STALE = /),
  'targets whose last nonce a credential keeps': inSource('digest/remembered-nonces.ts', /MAX_TARGETS = /),
  'packet of SASL that this side reads': inSource('digest/constants.ts', /MAX_SASL_BUFFER = /),
  'frame before authentication': inSource('net/options.ts', /options.maxTokenBytes \?\? /),
  'tokens of one exchange': inSource('net/handshake.ts', /MAX_TOKENS = /),
  'time for the handshake': inSource('net/options.ts', /options.handshakeTimeoutSeconds \?\? /),
  'handshakes at once': inSource('net/server.ts', /options.maxHandshakes \?\? /),
  'data in a record': inSource('net/options.ts', /options.maxRecordBytes \?\? /),
  'what a package adds to a record': inSource('net/framing.ts', /RECORD_OVERHEAD = /),
  'waiting in a stream, each way': inSource('net/options.ts', /options.highWaterMark \?\? /),
  'idle stream': () => 'none',
  'wait for a refused peer': inSource('net/handshake.ts', /LINGER_MILLISECONDS = /),
  'authentications under way': inSource('http/server/options.ts', /maxHalfOpen: /),
  'authentications of one address, or IPv6 network': inSource('http/server/options.ts', /maxHalfOpenPerAddress: /),
  'time for one leg, on either side': inSource('http/server/options.ts', /authenticationSeconds: /),
  '`Authorization` of a request': inSource('http/server/options.ts', /maxAuthorizationLength: /),
  'body of a refused request that is read': inSource('http/server/options.ts', /maxDiscardedBytes: /),
  'time for it': inSource('http/server/options.ts', /discardSeconds: /),
  'requests of a connection that wait for each other': inSource('http/server/options.ts', /maxPipelined: /),
  'soonest refusal of Basic': inSource('http/server/options.ts', /basicRefusalMilliseconds: /),
  'credentials of a server, before they are read again': inSource('http/server/options.ts', /credentialSeconds: /),
  'session cookie, lifetime': inSource('http/server/session-cookie.ts', /DEFAULT_SECONDS = /),
  'session cookie, length': inSource('http/server/session-cookie.ts', /MAX_COOKIE_LENGTH = /),
  'field with challenges or credentials': inSource('http/messages/scheme-value.ts', /MAX_FIELD_LENGTH = /),
  'connections of one identity to one origin': inSource('http/client/options.ts', /maxConnections: /),
  'requests that one call leads to': inSource('http/client/options.ts', /maxLegs: /),
  'redirects that are followed': inSource('http/client/options.ts', /maxRedirects: /),
  'head of a response': inSource('http/client/options.ts', /maxHeaderBytes: /),
  'page of a challenge that is read over': inSource('http/client/options.ts', /maxChallengeBodyBytes: /),
  'body that is kept to be sent again': inSource('http/client/options.ts', /maxReplayBytes: /),
  'body that is sent without asking for `100 Continue`': inSource('http/client/call.ts', /EXPECT_ABOVE_BYTES = /),
  'time for a connection to an HTTP server': inSource('http/client/options.ts', /connectSeconds: /),
  'time for the head of a response': inSource('http/client/options.ts', /headersSeconds: /),
  'silence within a response': inSource('http/client/options.ts', /bodySeconds: /),
  'nonces that a server of Digest calls too old': inSource('http/client/authenticator.ts', /MAX_STALE = /),
  'account file': inSource('io/files/watched-file.ts', /maxBytes = /),
  'credential cache, keytab': inSource('io/ccache-store/secret-file.ts', /LONGEST = /),
  '`krb5.conf`, each file': inSource('io/krb5-conf/profile-files.ts', /LONGEST_FILE = /),
  '`krb5.conf`, files': inSource('io/krb5-conf/profile-files.ts', /MOST_FILES = /),
  '`krb5.conf`, includes': inSource('io/krb5-conf/profile-files.ts', /DEEPEST_INCLUDE = /),
  'reply of a KDC': inSource('io/kdc/send-to-kdc.ts', /maxReplyBytes = /),
  'silence of one KDC': inSource('io/kdc/send-to-kdc.ts', /attemptTimeoutMilliseconds: milliseconds = /),
  'KDCs of a realm that are asked': inSource('io/kdc/locate.ts', /MOST_SERVERS = /),
  'clocks of client, server and KDC': inSource('kerberos/options.ts', /options.clockSkewSeconds \?\? /),
  'fewest iterations of PBKDF2': inSource('kerberos/enctypes/string-to-key.ts', /DEFAULT_MINIMUM = /),
  'most iterations of PBKDF2': inSource('kerberos/enctypes/string-to-key.ts', /DEFAULT_MAXIMUM = /),
  'requests of one log-on': inSource('kerberos/kdc-exchange/as-exchange.ts', /MOST_ROUNDS = /),
  'realms after one ticket': inSource('kerberos/options.ts', /options.maxReferrals \?\? /),
  'a service remembered as unknown': inSource('kerberos/options.ts', /options.negativeCacheSeconds \?\? /),
  'tickets that a credential keeps': inSource('kerberos/ticket-store.ts', /MOST_TICKETS = /),
  'reply that is read': inSource('kerberos/kdc-exchange/kdc-answer.ts', /LONGEST_REPLY = /),
  'ticket that is delegated, with what goes with it': inSource(
    'kerberos/gss/authenticator-checksum.ts',
    /LONGEST_DELEGATION = /,
  ),
  'PAC of a ticket': () => MAX_PAC_BYTES,
  'buffers of a PAC': () => MAX_PAC_BUFFERS,
  'messages out of order that are followed': inSource('kerberos/gss/sequence-window.ts', /WINDOW = /),
  'reply of a KCM daemon': inSource('io/ccache-store/kcm-connection.ts', /MOST_REPLY_BYTES = /),
  'conversation with a KCM daemon': inSource('io/ccache-store/kcm-connection.ts', /LONGEST_MILLISECONDS = /),
  'caches, and tickets of one, at a KCM daemon': inSource('io/ccache-store/kcm-caches.ts', /MOST_ENTRIES = /),
  'caches among which one is chosen': inSource('io/ccache-store/choose-ccache.ts', /MOST_CACHES = /),
  'rules of `.k5identity`': inSource('io/ccache-store/k5identity.ts', /MOST_RULES = /),
  'aliases of a host that are followed': inSource('io/kdc/dns-hosts.ts', /MOST_ALIASES = /),
  'domains of a host that are asked for its realm': inSource('io/kdc/dns-hosts.ts', /MOST_DOMAINS = /),
  'silence of DNS about one host': inSource('io/kdc/dns-hosts.ts', /timeoutMilliseconds = /),
  'addresses of one KDC': inSource('io/kdc/send-to-kdc.ts', /MOST_ADDRESSES = /),
  'replies that a KDC keeps': inSource('kdc/look-aside.ts', /MOST_REPLIES = /),
  'bytes of them': inSource('kdc/look-aside.ts', /MOST_BYTES = /),
  'time that a reply is kept': inSource('kdc/look-aside.ts', /KEPT_SECONDS = /),
  'clocks of client and KDC': inSource('kdc/policy.ts', /options.clockSkewSeconds \?\? /),
  'keys that a change has retired': inSource('io/principals/memory-principals.ts', /MOST_RETIRED = /),
  'failures that lock an account': inSource('kdc/policy.ts', /lockout.failures \?\? /),
  'authorization data of a ticket': inSource('kdc/carried-data.ts', /MOST_BYTES = /),
  'transited realms, encoded': inSource('kerberos/transited.ts', /LONGEST = /),
  'transited realms': inSource('kerberos/transited.ts', /MOST_REALMS = /),
  'labels of a realm that has a hierarchy': inSource('kerberos/realm-hierarchy.ts', /MOST_LABELS = /),
  'new password': inSource('kdc/password-policy.ts', /LONGEST_PASSWORD = /),
  'request over UDP, TCP': inSource('kdc/kdc.ts', /MOST_REQUEST_BYTES = /),
  'reply in a datagram': inSource('io/kdc-listener/listen.ts', /maxDatagramReplyBytes = /),
  'datagrams answered at once': inSource('io/kdc-listener/listen.ts', /maxPendingDatagrams: maxPending = /),
  'connections at once': inSource('io/kdc-listener/listen.ts', /maxConnections = /),
  'connections of one address': inSource('io/kdc-listener/listen.ts', /maxConnectionsPerAddress = /),
  'requests of one address': inSource('io/kdc-listener/listen.ts', /maxRequestsPerSecond = /),
  'addresses whose rates are counted': inSource('io/kdc-listener/gate.ts', /MOST_ADDRESSES = /),
  'time for a request, time to take a reply': inSource('io/kdc-listener/listen.ts', /: clientMilliseconds = /),
  "body of a KDC proxy's request": () =>
    inSource('kdc/kdc.ts', /MOST_REQUEST_BYTES = /)() +
    inSource('io/kdc-listener/kdc-proxy.ts', /MOST_REQUEST_BYTES \+ /)(),
  'replies under way at the end': inSource('io/kdc-listener/listen.ts', /graceMilliseconds = /),
}

interface Row {
  readonly name: string
  readonly figure: string
  readonly heldBy: string
}

const rows: readonly Row[] = read('docs/limits.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Limit') && !line.startsWith('| ---'))
  .map((line) => {
    const [, name = '', figure = '', , , heldBy = ''] = line.split('|').map((cell) => cell.trim())
    return { name, figure, heldBy }
  })

suite('docs/limits.md', () => {
  test('has the same rows as this test', () => {
    assert.deepEqual(rows.map(({ name }) => name).sort(), Object.keys(FIGURES).sort())
  })

  for (const { name, figure, heldBy } of rows) {
    test(`has the figure of the code, and a test that is there: ${name}`, () => {
      const expected = FIGURES[name]?.()
      assert.equal(figure === 'none' ? 'none' : Number(/^[\d,]+/.exec(figure)?.[0].replaceAll(',', '')), expected)
      if (heldBy === '(none)') return
      const [, file = '', title = ''] = /^`(.+?)`: (.+)$/.exec(heldBy) ?? []
      assert.ok(read(`packages/sspi/test/${file}`).includes(title), `${file} has no test '${title}'`)
    })
  }

  test('has the depths of the decoder', () => {
    const page = read('docs/limits.md').replaceAll('\n', ' ')
    const elements = inSource('decode/der.ts', /MAXIMUM_DEPTH = /)()
    const tokens = inSource('decode/scope.ts', /MAXIMUM_DEPTH = /)()
    assert.ok(page.includes(`${elements} elements deep, and ${tokens} tokens inside of one another`))
  })
})

suite('limits that no other test goes beyond', () => {
  test('the packages announce the tokens that Windows’ announce', () => {
    assert.equal(announced('NTLM'), 2888)
    assert.equal(announced('Negotiate'), 48_256)
    assert.equal(announced('WDigest'), 4096)
  })

  test('a token is read up to the limit, and not beyond', async () => {
    const sspi = initSecurityInterface()
    for (const name of ['NTLM', 'Negotiate', 'WDigest']) {
      const { credential } = await sspi.acquireCredentialsHandle({ package: name, credentialUse: SECPKG_CRED_INBOUND })
      const accept = (length: number): Promise<unknown> =>
        sspi.acceptSecurityContext({
          credential,
          contextReq: 0,
          input: new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, length)]),
          output: new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)]),
        })
      await assert.rejects(accept(readOf(name) + 1), { code: 'SEC_E_INVALID_TOKEN', message: /reads at most/ })
      await assert.rejects(accept(readOf(name)), ({ message }: Error) => !message.includes('reads at most'))
    }
  })

  test('an exported context lives for a day at most', async () => {
    const sspi = initSecurityInterface({ accounts: memoryAccounts([{ user: 'alice', password: 'x' }]) })
    const credentials = passwordCredential({ user: 'alice', password: 'x' })
    const client = sspi.initiate({ package: 'NTLM', credentials })
    const server = sspi.accept({ package: 'NTLM' })
    await client.step((await server.step((await client.step()).token)).token)
    const key = new Uint8Array(32)
    assert.throws(() => client.session.export({ key, lifetimeSeconds: 86_401 }), TypeError)
    client.session.export({ key, lifetimeSeconds: 86_400 })
  })

  test('files are read up to their limits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sspi-limits-'))
    const path = join(folder, 'file')
    try {
      writeFileSync(path, '', { mode: 0o600 })
      truncateSync(path, 0x400_0000 + 1)
      await assert.rejects(fileCcache(path).load(), {
        code: 'SEC_E_NO_CREDENTIALS',
        message: /67108864/,
      })

      writeFileSync(path, `# ${' '.repeat(0x10_0000)}`)
      const unusable = 'SEC_E_NO_AUTHENTICATING_AUTHORITY'
      await assert.rejects(readProfileFiles([path]), { code: unusable, message: /1048576 allowed/ })
      writeFileSync(path, '[s]\na = 1\n')
      await readProfileFiles(new Array<string>(1000).fill(path))
      await assert.rejects(readProfileFiles(new Array<string>(1001).fill(path)), {
        code: unusable,
        message: /1000 files/,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
