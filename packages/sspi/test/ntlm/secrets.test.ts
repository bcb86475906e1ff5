import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { inspect } from 'node:util'
import { toHex } from '../../src/bytes/index.js'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets, type SecretBytes } from '../../src/crypto/secret-bytes.js'
import { ntowfv1 } from '../../src/ntlm/index.js'
import {
  ASC_REQ_INTEGRITY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  SspiError,
  type Exchange,
  type Input,
} from '../../src/sspi/index.js'
import {
  acceptor,
  acquire,
  ALICE,
  ALICES_ACCOUNT,
  bytesOf,
  establish,
  give,
  initiator,
  packageOf,
  seal,
  testWorld,
  tokenOf,
  unseal,
  type PairOptions,
} from './both-sides.js'

/** Runs something, and gives the arrays for secrets that it made and left with something in them. */
function leftOver(run: () => void): readonly SecretBytes[] {
  const made: SecretBytes[] = []
  const stop = observeSecrets((array) => made.push(array))
  try {
    run()
  } finally {
    stop()
  }
  assert.ok(made.length > 0)
  return made.filter((array) => array.some((byte) => byte !== 0))
}

/** An exchange whose credential is made and disposed of within. */
function within(options: PairOptions, work: (sides: { client: Exchange; server: Exchange }) => void): void {
  const world = testWorld()
  const of = packageOf(options.client)
  const credential = acquire(of, options.credential ?? ALICE, 'outbound', world)
  const request = {
    credential,
    targetName: '',
    contextReq: options.initiateReq ?? 0,
    packages: { find: () => undefined, [Symbol.iterator]: () => [][Symbol.iterator]() },
  }
  const client = of.initiate!(request, world)
  const server = acceptor(options, world)
  work({ client, server })
  client.dispose()
  server.dispose()
  credential.dispose()
}

suite('every array for secrets is zero after', () => {
  const sealing = { initiateReq: ISC_REQ_CONFIDENTIALITY }
  const variants: readonly [string, PairOptions][] = [
    ['an exchange with a password', sealing],
    [
      'an exchange with an NT hash',
      {
        ...sealing,
        credential: {
          kind: 'nt-hash',
          user: 'alice',
          domain: 'CONTOSO',
          packageList: undefined,
          ntHash: ntowfv1('Passw0rd!'),
        },
      },
    ],
    ['an anonymous exchange', { credential: { kind: 'anonymous' }, server: { allowAnonymous: true } }],
  ]
  for (const [name, options] of variants) {
    test(`${name}, messages, and the end of it all`, () => {
      const left = leftOver(() => {
        within(options, ({ client, server }) => {
          const challenge = tokenOf(give(server, tokenOf(give(client, undefined))))
          const done = give(client, challenge)
          const accepted = give(server, tokenOf(done), ALICES_ACCOUNT)
          assert.ok(done.kind === 'done' && accepted.kind === 'done')
          if (options.initiateReq !== undefined) {
            unseal(accepted.session, seal(done.session, bytesOf('text')))
            const blob = done.session.export!()
            const moved = packageOf().importSession!(blob, testWorld())
            blob.fill(0)
            unseal(accepted.session, seal(moved, bytesOf('text')))
            moved.mechListMic?.resetKeys?.('sent')
            moved.dispose()
          }
          done.session.dispose()
          accepted.session.dispose()
        })
      })
      assert.deepEqual(left, [])
    })
  }

  test('a refusal, at any of its places', () => {
    const refusals: readonly [PairOptions, (token: Uint8Array) => void][] = [
      [sealing, (token) => (token[75]! ^= 1)], // the MIC
      [sealing, (token) => (token[token.length - 60]! ^= 1)], // the response
      [{ acceptReq: ASC_REQ_INTEGRITY, initiateReq: ISC_REQ_INTEGRITY }, (token) => (token[60]! &= ~0x10)], // the flags
    ]
    for (const [options, tamper] of refusals) {
      const left = leftOver(() => {
        within(options, ({ client, server }) => {
          const done = give(client, tokenOf(give(server, tokenOf(give(client, undefined)))))
          const token = tokenOf(done)
          tamper(token)
          assert.throws(() => give(server, token, ALICES_ACCOUNT), SspiError)
          assert.ok(done.kind === 'done')
          done.session.dispose()
        })
      })
      assert.deepEqual(left, [])
    }
  })

  test('a credential that cannot be written', () => {
    const user = 'x'.repeat(40_000)
    const left = leftOver(() => {
      within({ credential: { ...ALICE, user } }, ({ client, server }) => {
        const challenge = tokenOf(give(server, tokenOf(give(client, undefined))))
        assert.throws(() => give(client, challenge), { code: 'SEC_E_CANNOT_PACK' })
      })
    })
    assert.deepEqual(left, [])
  })
})

test('no secret shows in what is printed, told or thrown', () => {
  const credential = acquire(packageOf(), ALICE, 'outbound')
  const { client, server, clientWorld, serverWorld } = establish({ initiateReq: ISC_REQ_CONFIDENTIALITY })
  const hash = toHex(ntowfv1(ALICE.password))
  let refusal: unknown
  try {
    establish({ credential: { ...ALICE, password: 'Secret-of-mine' } })
  } catch (error) {
    refusal = error
  }
  const shown = [credential, client, server, clientWorld.events, serverWorld.events, refusal, initiator()].map((each) =>
    inspect(each, { depth: 9, showHidden: true }),
  )
  for (const text of shown) {
    assert.ok(!text.includes(ALICE.password) && !text.includes('Secret-of-mine') && !text.includes(hash))
  }
})

test('calls in any order end in a session or an SspiError, and a machine that failed stays over', () => {
  const negotiate = tokenOf(give(initiator({ initiateReq: ISC_REQ_CONFIDENTIALITY }), undefined))
  const challenge = tokenOf(give(acceptor(), negotiate))
  const { tokens } = establish()
  const token = (bytes: Uint8Array | undefined): Input => ({ kind: 'token', token: bytes, channelBindings: undefined })
  const inputs: readonly Input[] = [
    token(undefined),
    token(negotiate),
    token(challenge),
    token(tokens[2]),
    token(new Uint8Array(0)),
    { kind: 'answer', answer: { effect: 'account', value: ALICES_ACCOUNT } },
    { kind: 'answer', answer: { effect: 'account', value: undefined } },
    { kind: 'complete', message: challenge },
  ]
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.constantFrom(...inputs), { maxLength: 6 }), (initiating, calls) => {
      const side = initiating ? initiator() : acceptor()
      let over = false
      for (const input of calls) {
        try {
          const step = side.step(input)
          assert.ok(!over, `${step.kind} after the end`)
          over = step.kind === 'done'
        } catch (error) {
          assert.ok(error instanceof SspiError, String(error))
          if (over) assert.equal(error.code, 'SEC_E_OUT_OF_SEQUENCE')
          over = true
        }
      }
      side.dispose()
      assert.throws(() => side.step(token(undefined)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    }),
    { numRuns: 500 },
  )
})
