import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  GSS_DOMAIN,
  GssPeer,
  GssPeerExit,
  PASSWORD,
  UTF8_PASSWORD,
  missing,
  type Frame,
  type GssPeerEnd,
  type GssPeerOptions,
} from '../src/index.js'

const skip = missing('gss-peer')
const ALICE = ['--target', 'HTTP@localhost', '--user', `${GSS_DOMAIN}\\alice`, '--password', PASSWORD]
const SIZES = ['--sizes', '1,15,16,1000,70000']
const NTLM = ['--mech', 'ntlm']
const SPNEGO = ['--mech', 'spnego', '--neg', 'ntlm']

for (const transport of ['stdio', 'tcp'] as const) {
  for (const [name, mech] of Object.entries({ NTLM, 'SPNEGO with NTLM': SPNEGO })) {
    test(`gss-peer talks to itself through us: ${name} over ${transport}`, { skip }, async () => {
      const { initiator, acceptor, types } = await converse(
        { role: 'init', args: [...mech, ...ALICE, ...SIZES], transport },
        { role: 'accept', args: mech, transport },
      )
      assert.equal(initiator.code, GssPeerExit.OK, initiator.stderr)
      assert.equal(acceptor.code, GssPeerExit.OK, acceptor.stderr)
      const [established, peer, messages] = initiator.reports
      assert.deepEqual(messages, { messages: 15, failed: 0 })
      assert.equal(peer?.peer?.initiator, `${GSS_DOMAIN}/alice`)
      assert.match(established?.established?.sessionKey ?? '', /^[0-9a-f]{32}$/)
      assert.equal(peer.peer.sessionKey, established?.established?.sessionKey)
      assert.match(types, mech === NTLM ? /^TTTNN(WWwwMM){5}QQ$/ : /^TTTTNN(WWwwMM){5}QQ$/)
    })
  }
}

test('SPNEGO falls back from Kerberos without tickets to NTLM', { skip }, async () => {
  const { initiator } = await converse(
    { role: 'init', args: ['--mech', 'spnego', '--neg', 'krb5,ntlm', ...ALICE, '--sizes', '16'] },
    { role: 'accept', args: SPNEGO },
  )
  assert.equal(initiator.code, GssPeerExit.OK, initiator.stderr)
})

test('a password beyond ASCII opens', { skip }, async () => {
  const user = ['--target', 'HTTP@localhost', '--user', `${GSS_DOMAIN}\\utf8user`, '--password', UTF8_PASSWORD]
  const { initiator } = await converse(
    { role: 'init', args: [...NTLM, ...user, '--sizes', '16'] },
    { role: 'accept', args: NTLM },
  )
  assert.equal(initiator.code, GssPeerExit.OK, initiator.stderr)
})

test('a wrong password is refused, and the verdict says so', { skip }, async () => {
  const wrong = ['--target', 'HTTP@localhost', '--user', `${GSS_DOMAIN}\\alice`, '--password', 'wrong']
  const { initiator, acceptor } = await converse(
    { role: 'init', args: [...NTLM, ...wrong] },
    { role: 'accept', args: NTLM },
  )
  assert.deepEqual([initiator.code, acceptor.code], [GssPeerExit.CONTEXT, GssPeerExit.CONTEXT])
  assert.equal(acceptor.reports.at(-1)?.error, 'accept_sec_context')
})

for (const [equal, code] of [
  ['abc', GssPeerExit.OK],
  ['XXX', GssPeerExit.CONTEXT],
] as const) {
  test(`channel bindings that ${code === GssPeerExit.OK ? 'agree pass' : 'differ are refused'}`, { skip }, async () => {
    const { initiator, acceptor } = await converse(
      { role: 'init', args: [...NTLM, ...ALICE, '--sizes', '16', '--cb-text', 'tls-server-end-point:abc'] },
      { role: 'accept', args: [...NTLM, '--cb-text', `tls-server-end-point:${equal}`] },
    )
    assert.deepEqual([initiator.code, acceptor.code], [code, code], acceptor.stderr)
  })
}

test('a message changed on the way is refused in an E frame', { skip }, async () => {
  const { initiator, acceptor, types } = await converse(
    { role: 'init', args: [...NTLM, ...ALICE, '--sizes', '1000', '--kinds', 'W'] },
    { role: 'accept', args: NTLM },
    (frame) => (frame.type === 'W' ? { ...frame, payload: flipped(frame.payload, 500) } : frame),
  )
  assert.deepEqual([initiator.code, acceptor.code], [GssPeerExit.MESSAGES, GssPeerExit.MESSAGES], acceptor.stderr)
  assert.match(types, /WEQQ$/)
})

test('an acceptor whose required flag is missing exits with its own code', { skip }, async () => {
  const { acceptor } = await converse(
    { role: 'init', args: [...NTLM, ...ALICE, '--flags', 'integ', '--no-messages'] },
    { role: 'accept', args: [...NTLM, '--require', 'conf'] },
  )
  assert.equal(acceptor.code, GssPeerExit.POLICY)
  assert.equal(acceptor.reports.at(-1)?.missing, 'conf')
})

test('a peer that says nothing is noticed, and stopped', { skip }, async () => {
  const peer = await GssPeer.start({ role: 'accept', args: NTLM, timeoutMilliseconds: 100 })
  await assert.rejects(peer.receive(), /gss-peer accept: no frame within 100 ms/)
  await assert.rejects(peer.exit(), /still running after 100 ms/)
  const pid = peer.pid
  assert.ok(pid)
  await peer.stop()
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

test('a program that cannot start gives its reason', { skip }, async () => {
  const args = ['--flags', 'nonsense']
  await using peer = await GssPeer.start({ role: 'init', args })
  const { code, stderr } = await peer.exit()
  assert.equal(code, GssPeerExit.USAGE)
  assert.match(stderr, /unknown flag nonsense/)
  const expected = { init: /did not connect; stderr: .*nonsense/, accept: /is not listening; stderr: .*nonsense/ }
  for (const role of ['init', 'accept'] as const) {
    await assert.rejects(GssPeer.start({ role, args, transport: 'tcp' }), expected[role])
  }
  await using absent = await GssPeer.start({ role: 'init', command: '/nonexistent/gss-peer' })
  assert.match((await absent.exit()).stderr, /ENOENT/)
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? ~byte : byte))
}

interface Conversation {
  readonly initiator: GssPeerEnd
  readonly acceptor: GssPeerEnd
  /** The types of all frames, in the order in which they came. */
  readonly types: string
}

/** Starts both sides, carries the frames between them, and waits for their ends. */
async function converse(
  init: GssPeerOptions,
  accept: GssPeerOptions,
  change: (frame: Frame) => Frame = (frame) => frame,
): Promise<Conversation> {
  await using initiator = await GssPeer.start(init)
  await using acceptor = await GssPeer.start(accept)
  const types: string[] = []
  const carry = async (from: GssPeer, to: GssPeer, alter: (frame: Frame) => Frame): Promise<void> => {
    for (let frame = await from.receive(); frame; frame = await from.receive()) {
      types.push(frame.type)
      const { type, payload } = alter(frame)
      to.send(type, payload)
    }
    to.end()
  }
  await Promise.all([carry(initiator, acceptor, change), carry(acceptor, initiator, (frame) => frame)])
  const [i, a] = await Promise.all([initiator.exit(), acceptor.exit()])
  return { initiator: i, acceptor: a, types: types.join('') }
}
