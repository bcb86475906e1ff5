// Our Schannel against OpenSSL's and GnuTLS's programs, curl and Node's own https, in both roles.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer, get } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ASC_REQ_SESSION_TICKET,
  certificateCredential,
  SEC_I_RENEGOTIATE,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_SESSION_INFO,
  SspiError,
  type CertificateCredential,
  type CertificateCredentialOptions,
} from 'sspi'
import { CIPHER_SUITES, SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from 'sspi/schannel'
import { Child } from '../src/child.js'
import { missing } from '../src/index.js'
import { TlsSide, type TlsConnection } from '../src/tls-side.js'

const skip = missing('tls')
const HOST = 'server.example.com'
const OPENSSL_NAMES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
}

const path = (name: string): string => join(process.env['LAB_TLS'] ?? '', name)
const pem = (name: string): string => readFileSync(path(name), 'utf8')

function credential(name: string | undefined, options: CertificateCredentialOptions = {}): CertificateCredential {
  const identity = name === undefined ? undefined : { certificate: pem(`${name}.crt`), privateKey: pem(`${name}.key`) }
  return certificateCredential({ identity, roots: pem('ca.crt'), ...options })
}

/** A server program, once it listens. */
class ServerProgram {
  readonly child: Child
  readonly port: number
  #output = ''

  private constructor(child: Child, port: number) {
    this.child = child
    this.port = port
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
  }

  get output(): string {
    return this.#output + this.child.stderr
  }

  static openssl(name: string, ...args: readonly string[]): Promise<ServerProgram> {
    const own = ['-cert', path(`${name}.crt`), '-key', path(`${name}.key`), '-CAfile', path('ca.crt'), ...args]
    return ServerProgram.#start(
      (port) => new Child('openssl s_server', 'openssl', ['s_server', '-accept', `127.0.0.1:${port}`, ...own]),
      /ACCEPT/,
    )
  }

  static gnutls(name: string, ...args: readonly string[]): Promise<ServerProgram> {
    const own = ['--x509certfile', path(`${name}.crt`), '--x509keyfile', path(`${name}.key`)]
    const trust = ['--x509cafile', path('ca.crt'), '--require-client-cert']
    return ServerProgram.#start(
      (port) => new Child('gnutls-serv', 'gnutls-serv', ['--echo', '-p', String(port), ...own, ...trust, ...args]),
      /listening on IPv4 [^\n]*done/,
    )
  }

  /** A port that was free may have been taken meanwhile: then with another, once more. */
  static async #start(childAt: (port: number) => Child, listens: RegExp): Promise<ServerProgram> {
    for (let tries = 1; ; tries++) {
      const port = await freePort()
      const program = new ServerProgram(childAt(port), port)
      try {
        await program.says(listens)
        return program
      } catch (error) {
        await program.child.stop()
        if (tries === 3) throw error
      }
    }
  }

  async says(pattern: RegExp): Promise<void> {
    await waitFor(
      () => pattern.test(this.output),
      this.child,
      () => `it does not say ${String(pattern)}: ${this.output}`,
    )
  }

  /** A command of s_server with `-state`, which throws away what comes in the same read: waits until it is carried out. */
  async command(letter: string, state: string): Promise<void> {
    const before = this.output.split(state).length
    this.child.stdin.write(`${letter}\n`)
    await waitFor(
      () => this.output.split(state).length > before,
      this.child,
      () => `${letter}: ${this.output}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop()
  }
}

/** Waits until something holds, and blames the program that should have brought it about. */
async function waitFor(holds: () => boolean, child: Child, complaint: () => string): Promise<void> {
  const until = Date.now() + 50_000
  while (!holds()) {
    if (child.ended || Date.now() > until) throw child.error(complaint())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a client program to its end, feeding it lines; its output. */
async function client(
  command: string,
  args: readonly string[],
  input: string | undefined,
  until: RegExp,
): Promise<string> {
  const child = new Child(command, command, args)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  try {
    if (input !== undefined) child.stdin.write(input)
    await waitFor(
      () => until.test(output + child.stderr),
      child,
      () => `it does not say ${String(until)}: ${output}`,
    )
    return output + child.stderr
  } finally {
    await child.stop()
  }
}

const OPENSSL_CLIENT = (port: number, ...args: readonly string[]): readonly string[] => [
  ...[
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-servername',
    HOST,
    '-CAfile',
    path('ca.crt'),
    '-verify_return_error',
  ],
  ...args,
]

/** Sends back what comes, until the peer closes. */
async function echo(connection: TlsConnection): Promise<void> {
  for (;;) {
    const { text, closed } = await connection.receive('\n')
    if (text === '' || closed) break
    connection.send(text)
  }
  connection.socket.destroy()
}

for (const suite of CIPHER_SUITES) {
  const certificate = suite.certificate === 'RSA' ? 'server-rsa' : 'server'
  const choice =
    suite.version === 0x0304 ? ['-ciphersuites', suite.name] : ['-tls1_2', '-cipher', OPENSSL_NAMES[suite.name]!]

  test(`our client, openssl s_server: ${suite.name}`, { skip, timeout: 60_000 }, async () => {
    await using server = await ServerProgram.openssl(certificate, '-rev', '-Verify', '1', '-alpn', 'lab', ...choice)
    const side = await TlsSide.make(true, credential('client'))
    const connection = await side.connect(server.port, { protocols: ['other', 'lab'] })
    assert.equal(connection.ask(SECPKG_ATTR_CIPHER_INFO).cipherSuiteName, suite.name)
    assert.equal(connection.ask(SECPKG_ATTR_APPLICATION_PROTOCOL).protocolId, 'lab')
    connection.send('hello\n')
    assert.equal((await connection.receive('\n')).text, 'olleh\n')
    connection.send(`${'x'.repeat(15_000)}y\n`)
    assert.equal((await connection.receive('\n')).text, `y${'x'.repeat(15_000)}\n`)
    await connection.close()
  })

  test(`openssl s_client, our server: ${suite.name}`, { skip, timeout: 60_000 }, async () => {
    const side = await TlsSide.make(false, credential(certificate))
    let name = ''
    const { port, server } = await side.listen(async (connection, failure) => {
      assert.equal(failure, undefined)
      name = connection.ask(SECPKG_ATTR_NAMES).userName
      await echo(connection)
    })
    try {
      const own = ['-cert', path('client-upn.crt'), '-key', path('client-upn.key'), ...choice]
      const said = await client(
        'openssl',
        OPENSSL_CLIENT(port, ...own),
        'a line for the echo\n',
        /\na line for the echo\n/,
      )
      assert.match(said, /Verify return code: 0 \(ok\)/)
      assert.equal(name, 'alice@contoso.com')
    } finally {
      server.close()
    }
  })
}

for (const suite of CIPHER_SUITES) {
  const certificate = suite.certificate === 'RSA' ? 'server-rsa' : 'server'
  // It is this side that offers or takes the one suite alone: the peers have others.
  const cipherSuites = [suite.name]

  test(`our client, gnutls-serv: ${suite.name}`, { skip, timeout: 60_000 }, async () => {
    await using server = await ServerProgram.gnutls(certificate)
    const side = await TlsSide.make(true, credential('client', { cipherSuites }))
    const connection = await side.connect(server.port)
    assert.equal(connection.ask(SECPKG_ATTR_CIPHER_INFO).cipherSuiteName, suite.name)
    connection.send('hello\n')
    assert.equal((await connection.receive('\n')).text, 'hello\n')
    await connection.close()
  })

  test(`our client, Node’s https: ${suite.name}`, { skip, timeout: 60_000 }, async () => {
    const page = 'x'.repeat(40_000)
    const server = createHttpsServer(
      { cert: pem(`${certificate}.crt`), key: pem(`${certificate}.key`) },
      (_, response) => response.end(page),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const side = await TlsSide.make(true, credential(undefined, { cipherSuites }))
      const { port } = server.address() as AddressInfo
      const connection = await side.connect(port, { protocols: ['http/1.1'] })
      assert.equal(connection.ask(SECPKG_ATTR_CIPHER_INFO).cipherSuiteName, suite.name)
      assert.equal(connection.ask(SECPKG_ATTR_APPLICATION_PROTOCOL).protocolId, 'http/1.1')
      connection.send(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`)
      const { text } = await connection.receive(page)
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
      connection.socket.destroy()
    } finally {
      server.close()
    }
  })

  test(`gnutls-cli and curl, our server: ${suite.name}`, { skip, timeout: 60_000 }, async () => {
    const side = await TlsSide.make(false, credential(certificate, { cipherSuites, roots: undefined }))
    const names: string[] = []
    const { port, server } = await side.listen(async (connection, failure) => {
      assert.equal(failure, undefined)
      names.push(connection.ask(SECPKG_ATTR_CIPHER_INFO).cipherSuiteName)
      const { text } = await connection.receive('\n')
      connection.send(text.startsWith('GET ') ? 'HTTP/1.0 200 OK\r\n\r\nthe page\n' : text)
      await connection.close()
    })
    try {
      const where = ['-p', String(port), '--sni-hostname', HOST, '--verify-hostname', HOST, '127.0.0.1']
      await client(
        'gnutls-cli',
        ['--x509cafile', path('ca.crt'), ...where],
        'a line for the echo\n',
        /\na line for the echo\n/,
      )
      const resolve = ['--resolve', `${HOST}:${port}:127.0.0.1`, `https://${HOST}:${port}/`]
      await client('curl', ['-sS', '--cacert', path('ca.crt'), '--http1.0', ...resolve], undefined, /^the page$/m)
      assert.deepEqual(names, [suite.name, suite.name])
    } finally {
      server.close()
    }
  })
}

for (const [version, only] of [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const) {
  const priority = `NORMAL:-VERS-ALL:+VERS-${version.replace(' ', '')}`

  test(`our client, gnutls-serv: ${version}`, { skip, timeout: 60_000 }, async () => {
    await using server = await ServerProgram.gnutls('server', '--priority', priority)
    const side = await TlsSide.make(true, credential('client', { enabledProtocols: only }))
    for (const resumed of [0, 1]) {
      const connection = await side.connect(server.port)
      connection.send('hello\n')
      assert.equal((await connection.receive('\n')).text, 'hello\n')
      assert.equal(connection.ask(SECPKG_ATTR_SESSION_INFO).flags, resumed)
      await connection.close()
    }
  })

  test(`gnutls-cli, our server: ${version}`, { skip, timeout: 60_000 }, async () => {
    const side = await TlsSide.make(
      false,
      credential('server', { enabledProtocols: only, requireClientCertificate: true }),
    )
    const { port, server } = await side.listen((connection, failure) =>
      failure === undefined ? echo(connection) : undefined,
    )
    try {
      const args = [
        '--x509cafile',
        path('ca.crt'),
        '--x509certfile',
        path('client.crt'),
        '--x509keyfile',
        path('client.key'),
      ]
      const where = ['-p', String(port), '--sni-hostname', HOST, '--verify-hostname', HOST, '127.0.0.1']
      await client(
        'gnutls-cli',
        [...args, '--priority', priority, ...where],
        'a line for the echo\n',
        /\na line for the echo\n/,
      )
    } finally {
      server.close()
    }
  })

  test(`our client goes on with a session of openssl s_server: ${version}`, { skip, timeout: 60_000 }, async () => {
    await using server = await ServerProgram.openssl('server', '-rev', '-Verify', '1')
    const side = await TlsSide.make(true, credential('client', { enabledProtocols: only }))
    for (const resumed of [0, 1, 1]) {
      const connection = await side.connect(server.port)
      connection.send('hello\n')
      assert.equal((await connection.receive('\n')).text, 'olleh\n')
      assert.equal(connection.ask(SECPKG_ATTR_SESSION_INFO).flags, resumed)
      await connection.close()
    }
  })

  test(`openssl s_client goes on with a session of our server: ${version}`, { skip, timeout: 60_000 }, async () => {
    const side = await TlsSide.make(false, credential('server', { enabledProtocols: only }))
    const flags: number[] = []
    const serve = async (connection: TlsConnection): Promise<void> => {
      flags.push(connection.ask(SECPKG_ATTR_SESSION_INFO).flags)
      await echo(connection)
    }
    const { port, server } = await side.listen(serve, { flags: ASC_REQ_SESSION_TICKET })
    try {
      const session = path(`session-${only}.pem`)
      const own = ['-cert', path('client.crt'), '-key', path('client.key')]
      await client('openssl', OPENSSL_CLIENT(port, '-sess_out', session, ...own), 'first line\n', /first line\n/)
      await client('openssl', OPENSSL_CLIENT(port, '-sess_in', session, ...own), 'second line\n', /second line\n/)
      assert.deepEqual(flags, [0, 1])
    } finally {
      server.close()
    }
  })

  test(
    `bad certificates of openssl s_server are refused, and it is told why: ${version}`,
    { skip, timeout: 60_000 },
    async () => {
      for (const [name, code, alert] of [
        ['expired', 'SEC_E_CERT_EXPIRED', 'certificate expired'],
        ['early', 'SEC_E_CERT_EXPIRED', 'certificate expired'],
        ['stranger', 'SEC_E_UNTRUSTED_ROOT', 'unknown ca'],
        ['self-signed', 'SEC_E_UNTRUSTED_ROOT', 'unknown ca'],
        ['revoked', 'CRYPT_E_REVOKED', 'certificate revoked'],
        ['wrong-usage', 'SEC_E_CERT_WRONG_USAGE', 'unsupported certificate'],
        ['chained', 'SEC_E_UNTRUSTED_ROOT', 'unknown ca'],
        ['unlisted', 'CRYPT_E_REVOCATION_OFFLINE', 'certificate unknown'],
        ['by-leaf', 'SEC_E_CERT_UNKNOWN', 'certificate unknown'],
      ] as const) {
        const issuer = name === 'by-leaf' ? ['-cert_chain', path('server.crt')] : []
        await using server = await ServerProgram.openssl(name, '-rev', ...issuer)
        const crls = { revoked: pem('ca.crl'), unlisted: pem('ca-stale.crl') }[name as string]
        const side = await TlsSide.make(true, credential('client', { enabledProtocols: only, crls }))
        await assert.rejects(side.connect(server.port), { code }, name)
        await server.says(new RegExp(`alert ${alert}`))
      }
      await using good = await ServerProgram.openssl('server', '-rev')
      const side = await TlsSide.make(true, credential('client', { enabledProtocols: only }))
      await assert.rejects(side.connect(good.port, { target: 'another.example.com' }), {
        code: 'SEC_E_WRONG_PRINCIPAL',
      })
      await good.says(/alert bad certificate/)
    },
  )

  test(
    `bad certificates of openssl s_client are refused, and it is told why: ${version}`,
    { skip, timeout: 60_000 },
    async () => {
      const failures: unknown[] = []
      const options = { enabledProtocols: only, crls: pem('ca.crl'), requireClientCertificate: true }
      const side = await TlsSide.make(false, credential('server', options))
      const { port, server } = await side.listen((_, failure) => void failures.push(failure))
      try {
        for (const [name, code, alert] of [
          ['client-revoked', 'CRYPT_E_REVOKED', 'certificate revoked'],
          ['stranger', 'SEC_E_UNTRUSTED_ROOT', 'unknown ca'],
          ['server', 'SEC_E_CERT_WRONG_USAGE', 'unsupported certificate'],
        ] as const) {
          const own = ['-cert', path(`${name}.crt`), '-key', path(`${name}.key`)]
          await client('openssl', OPENSSL_CLIENT(port, ...own), 'a line\n', new RegExp(`alert ${alert}`))
          const failure = failures.at(-1)
          assert.ok(failure instanceof SspiError && failure.code === code, `${name}: ${String(failure)}`)
        }
        const none = only === SP_PROT_TLS1_3 ? /alert certificate required/ : /alert handshake failure/
        await client('openssl', OPENSSL_CLIENT(port), 'a line\n', none)
      } finally {
        server.close()
      }
    },
  )

  test(
    `a peer that goes without a close_notify is not taken for one that has closed: ${version}`,
    { skip },
    async () => {
      await using server = await ServerProgram.openssl('server', '-rev')
      const side = await TlsSide.make(true, credential(undefined, { enabledProtocols: only }))
      const connection = await side.connect(server.port)
      connection.send('hello\n')
      await connection.receive('\n')
      server.child.kill('SIGKILL')
      assert.deepEqual(await connection.receive(), { text: '', closed: false })
    },
  )
}

test('openssl s_server asks for new keys, and both go on', { skip, timeout: 60_000 }, async () => {
  await using server = await ServerProgram.openssl('server', '-tls1_3', '-state')
  const side = await TlsSide.make(true, credential(undefined))
  const connection = await side.connect(server.port)
  for (const command of ['k', 'K', 'K']) {
    connection.send('from us\n')
    await server.command(command, 'write server key update')
    server.child.stdin.write('a line\n')
    assert.match((await connection.receive('a line\n')).text, /a line\n$/)
  }
  connection.send('the end\n')
  await server.says(/(from us\n[^]*){3}the end\n/)
  await connection.close()
})

test('openssl s_client asks for new keys, and both go on', { skip, timeout: 60_000 }, async () => {
  const side = await TlsSide.make(false, credential('server'))
  const statuses: number[] = []
  const { port, server } = await side.listen(async (connection) => {
    await echo(connection)
    statuses.push(...connection.statuses)
  })
  try {
    const child = new Child('openssl s_client', 'openssl', OPENSSL_CLIENT(port, '-tls1_3'))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    for (const [index, command] of ['first', 'K', 'second', 'k', 'third', 'K', 'fourth'].entries()) {
      child.stdin.write(`${command}\n`)
      // s_client throws away what comes in the same read as a command, so each of them is waited for
      const answered = (): boolean =>
        index % 2 === 0
          ? output.includes(`\n${command}\n`)
          : child.stderr.split('KEYUPDATE').length > Math.ceil(index / 2)
      await waitFor(answered, child, () => `${command}: ${output}`)
    }
    child.stdin.write('Q\n')
    await child.exit()
  } finally {
    server.close()
  }
  const end = Date.now() + 30_000
  while (statuses.length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(statuses.filter((status) => status === SEC_I_RENEGOTIATE).length, 2)
})

test('openssl s_server asks for a new handshake of TLS 1.2, and is told no', { skip, timeout: 60_000 }, async () => {
  await using server = await ServerProgram.openssl('server', '-tls1_2', '-state')
  const side = await TlsSide.make(true, credential(undefined))
  const connection = await side.connect(server.port)
  await server.command('r', 'write hello request')
  server.child.stdin.write('a line\n')
  // OpenSSL's program takes the refusal for the end of the connection.
  const { text } = await connection.receive('a line\n').catch((error: unknown) => ({ text: String(error) }))
  assert.deepEqual(connection.statuses, [SEC_I_RENEGOTIATE])
  assert.ok(text.includes('a line') || text === '' || text.includes('gone'), text)
})

test('curl and Node’s https fetch a page from our server', { skip, timeout: 60_000 }, async () => {
  const side = await TlsSide.make(false, credential('server'))
  const page = 'x'.repeat(100_000)
  const { port, server } = await side.listen(
    async (connection) => {
      await connection.receive('\r\n\r\n')
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`)
      await connection.close()
    },
    { protocols: ['http/1.1'] },
  )
  try {
    const url = `https://${HOST}:${port}/`
    const args = ['-sS', '--cacert', path('ca.crt'), '--resolve', `${HOST}:${port}:127.0.0.1`, '--http1.1']
    assert.ok((await client('curl', [...args, url], undefined, /x{100000}/)).includes(page))
    const fetched = await new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, servername: HOST, ca: pem('ca.crt'), agent: false }
      get(options, (response) => {
        let text = ''
        response
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .on('end', () => resolve(text))
      }).on('error', reject)
    })
    assert.equal(fetched, page)
  } finally {
    server.close()
  }
})

test('what is no TLS is refused', { skip, timeout: 60_000 }, async () => {
  const failures: unknown[] = []
  const side = await TlsSide.make(false, credential('server'))
  const { port, server } = await side.listen((_, failure) => void failures.push(failure))
  try {
    await client('curl', ['-sS', '--max-time', '5', `http://127.0.0.1:${port}/`], undefined, /curl: \(/)
    const [failure] = failures
    assert.ok(failure instanceof SspiError && failure.code === 'SEC_E_INVALID_TOKEN', String(failure))
  } finally {
    server.close()
  }
})
