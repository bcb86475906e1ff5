// The examples that stand beside the pair over TCP: each does what it says, and is short enough to be read at once.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { initSecurityInterface, passwordCredential, type SecureSession, type SecurityFunctionTable } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { createTestDomain } from 'sspi/testing'
import { lookUp } from '../src/ldap-bind.js'
import * as ldap from '../src/ldap-messages.js'
import { runClient } from '../src/ported-client.js'
import { runServer } from '../src/ported-server.js'
import { deposit, verify } from '../src/signed-at-rest.js'
import { plainPackage } from '../src/third-party-small.js'

const alice = { user: 'CORP\\alice', password: 'correct horse' }
const withAccounts = (): SecurityFunctionTable => initSecurityInterface({ accounts: memoryAccounts([alice]) })

test('each has fewer than forty lines', async () => {
  for (const name of [
    'tcp-pair',
    'signed-at-rest',
    'ldap-bind',
    'third-party-small',
    'ported-client',
    'ported-server',
  ]) {
    const source = await readFile(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8')
    const lines = source.trimEnd().split('\n').length
    assert.ok(lines < 40, `${name} has ${lines}`)
  }
})

test('a document that was signed is verified later, and another one is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-signed-'))
  try {
    const key = randomBytes(32)
    await deposit(folder, 'I owe you ten pounds', key)
    assert.equal(await verify(folder, key), 'ARCHIVE\\alice')
    await assert.rejects(verify(folder, key), { code: 'SEC_E_INVALID_TOKEN' }) // taken in once
    await deposit(folder, 'I owe you ten pounds', key)
    await writeFile(join(folder, 'document'), 'I owe you one pound')
    await assert.rejects(verify(folder, key), { code: 'SEC_E_MESSAGE_ALTERED' })
    await assert.rejects(verify(folder, randomBytes(32)), { code: 'SEC_E_MESSAGE_ALTERED' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('an LDAP bind by SASL: what follows is encrypted', async () => {
  const target = 'ldap/dc.example.test'
  await using domain = createTestDomain({ users: ['alice'], services: [target] })
  const seen: Uint8Array[] = []
  await using peer = await listening((socket) =>
    serveDirectory(socket, domain.sspi(), domain.serviceCredential(target), seen),
  )
  const entry = { host: '127.0.0.1', port: peer.port, target, name: 'cn=alice,dc=example,dc=test' }
  assert.equal(await lookUp(domain.sspi(), domain.credential('alice'), entry), 'CN=Alice,DC=example,DC=test')
  const refused = lookUp(domain.sspi(), passwordCredential({ user: 'alice@EXAMPLE.TEST', password: 'wrong' }), entry)
  await assert.rejects(refused, { code: 'SEC_E_LOGON_DENIED' })
  assert.ok(seen.length > 0)
  for (const bytes of seen) assert.ok(!Buffer.from(bytes).includes('cn=alice'), 'the search went in the clear')
})

test('the package of forty lines lets in who knows the password, and says who it is', async () => {
  assert.equal(await logOn('alice', 'correct horse'), 'alice')
  await assert.rejects(logOn('alice', 'wrong'), { code: 'SEC_E_LOGON_DENIED' })
  await assert.rejects(logOn('mallory', 'correct horse'), { code: 'SEC_E_LOGON_DENIED' })
})

test('the ported sample: the server tells its client something that is encrypted on the way', async () => {
  let name: Promise<string | undefined> | undefined
  await using peer = await listening((socket) => {
    name = runServer(withAccounts(), socket)
    return name
  })
  const socket = connect(peer.port, '127.0.0.1')
  await once(socket, 'connect')
  try {
    const told = await runClient(initSecurityInterface(), socket, passwordCredential(alice), 'host/server')
    assert.equal(told, 'This is your server speaking')
    assert.equal(await name, alice.user)
  } finally {
    socket.destroy()
  }
})

async function logOn(user: string, password: string): Promise<string | undefined> {
  const passwords = new Map([['alice', 'correct horse']])
  const sspi = initSecurityInterface({ packages: [plainPackage((name) => passwords.get(name))] })
  const unprotected = { package: 'Plain', integrity: false, confidentiality: false }
  const client = sspi.initiate({ ...unprotected, credentials: passwordCredential({ user, password }) })
  const server = sspi.accept(unprotected)
  await server.step((await client.step()).token)
  assert.throws(() => server.session.sign(new Uint8Array(1)), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  return server.session.impersonate(() => sspi.currentAccessToken()?.user.name)
}

/** A directory of one entry, which answers one search under encryption. */
async function serveDirectory(
  socket: Socket,
  sspi: SecurityFunctionTable,
  credentials: Parameters<SecurityFunctionTable['accept']>[0]['credentials'],
  seen: Uint8Array[],
): Promise<void> {
  using exchange = sspi.accept({ package: 'Negotiate', credentials })
  let session: SecureSession | undefined
  while (session === undefined) {
    const message = await ldap.readMessage(socket)
    const [id, bind] = ldap.elementsOf(ldap.readElement(message).content)
    const sasl = ldap.elementsOf(bind!.content).at(-1)!
    const step = await exchange.step(ldap.elementsOf(sasl.content)[1]!.content)
    const result = step.done ? ldap.SUCCESS : ldap.SASL_BIND_IN_PROGRESS
    const fields = [ldap.element(0x0a, result), ldap.element(0x04, ''), ldap.element(0x04, '')]
    const response = ldap.element(0x61, ...fields, ldap.element(0x87, step.token ?? ''))
    socket.write(ldap.element(0x30, ldap.element(0x02, id!.content), response))
    if (step.done) session = exchange.session
  }
  const sealed = await ldap.readFrame(socket)
  seen.push(sealed)
  const [id] = ldap.elementsOf(ldap.readElement(session.unseal(sealed)).content)
  const entry = ldap.element(0x64, ldap.element(0x04, 'CN=Alice,DC=example,DC=test'), ldap.element(0x30))
  socket.write(ldap.frame(session.seal(ldap.element(0x30, ldap.element(0x02, id!.content), entry))))
  session[Symbol.dispose]()
}

/** A server on a free port of loopback, which handles its connections until they end. */
async function listening(handle: (socket: Socket) => Promise<unknown>) {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    handle(socket).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port, [Symbol.asyncDispose]: close }
}
