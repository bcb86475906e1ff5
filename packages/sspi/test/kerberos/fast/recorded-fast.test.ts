import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { MessageType, PaDataType } from '../../../src/kerberos/constants.js'
import { KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { EffectRun } from '../../../src/kerberos/effect-run.js'
import { armorKey, type FastArmor } from '../../../src/kerberos/fast/armor.js'
import { openArmoredReply, openRefusal, strengthenReplyKey } from '../../../src/kerberos/fast/fast-reply.js'
import { checkRequestSeen } from '../../../src/kerberos/kdc-exchange/as-exchange.js'
import { clientChallengeKey, kdcChallengeKey } from '../../../src/kerberos/kdc-exchange/encrypted-challenge.js'
import { decryptReply, readKdcAnswer, withReplyPart } from '../../../src/kerberos/kdc-exchange/kdc-answer.js'
import { askTgs } from '../../../src/kerberos/kdc-exchange/tgs-exchange.js'
import {
  decodeDer,
  readApReq,
  readEncryptedData,
  readKdcReq,
  readKrbFastReq,
  readPaEncTsEnc,
  readPaFxFastRequest,
  type KdcRep,
} from '../../../src/kerberos/messages/index.js'
import { parsePrincipal } from '../../../src/kerberos/principals.js'
import type { ServiceTicket } from '../../../src/kerberos/service-ticket.js'
import { readVectors } from '../../vectors.js'
import { clientOf, passwordOf } from '../kdc-exchange/fake-kdc.js'
import { valueOf } from '../kdc-exchange/fake-fast.js'

interface KeyVector {
  readonly enctype: number
  readonly key: string
}
interface Described {
  readonly authenticator?: { readonly decoded: { readonly subkey: KeyVector } }
  readonly tgt?: { readonly encPart: { readonly decoded: { readonly key: KeyVector } } }
  readonly fast?: {
    readonly ticketSessionKey?: KeyVector
    readonly subkey?: KeyVector
    readonly armorKey: KeyVector
    readonly encFastReq: { readonly plaintext: string }
  }
  readonly fastReply?: { readonly padata: readonly { readonly type: number }[]; readonly strengthenKey?: KeyVector }
  readonly krbError?: { readonly errorCode: number; readonly etext: string }
  readonly replyKey?: KeyVector
  readonly encPart?: KeyVector & { readonly usage: number; readonly decoded: { readonly key: KeyVector } }
}
interface Wire {
  readonly messages: readonly { readonly request: string; readonly reply: string }[]
  readonly user?: KeyVector
}

const keyOf = ({ enctype, key }: KeyVector): KerberosKey => new KerberosKey(enctype, fromHex(key))
const armorOf = (key: KerberosKey): FastArmor => ({ key, explicit: undefined })
const RECORDED_AT = new Date('2026-11-22T20:00:21Z')

const flows = ['kerberos/kdc-flows.json', 'kerberos/kpasswd.json'].flatMap(
  (file) => readVectors<Wire, { messages: readonly Described[] }>(file).cases,
)

/** The flow of kpasswd is alice's as well, and does not repeat her key. */
const aliceKey = flows.find(({ name }) => name === 'alice-as')!.input.user!

let exchanges = 0
for (const { name, input, expected } of flows) {
  for (const [index, described] of expected.messages.entries()) {
    const { fast, fastReply } = described
    if (fast === undefined || fastReply === undefined) continue
    exchanges++
    const request = decodeDer(fromHex(input.messages[index]!.request), readKdcReq)
    const sealed = decodeDer(valueOf(request.padata, PaDataType.PA_FX_FAST)!, readPaFxFastRequest)
    const key = keyOf(fast.armorKey)
    const armor = armorOf(key)
    const { reqBody: inside, padata: insidePadata } = decodeDer(
      key.decrypt(KeyUsage.FAST_ENC, sealed.encFastReq.cipher),
      readKrbFastReq,
    )

    suite(`FAST of MIT's client and KDC, ${name} ${index}`, () => {
      test('the armour key is made of subkey and session key', () => {
        const subkey = keyOf(fast.subkey ?? described.authenticator!.decoded.subkey)
        const sessionKey = keyOf(fast.ticketSessionKey ?? described.tgt!.encPart.decoded.key)
        assert.ok(armorKey(subkey, sessionKey).equals(key))
      })

      test('the request opens, and is tied to what is around it', () => {
        assert.equal(toHex(key.decrypt(KeyUsage.FAST_ENC, sealed.encFastReq.cipher)), fast.encFastReq.plaintext)
        const covered =
          sealed.armor === undefined ? valueOf(request.padata, PaDataType.PA_TGS_REQ)! : request.reqBody.raw
        const { checksum, cksumtype } = sealed.reqChecksum
        key.verifyChecksum(KeyUsage.FAST_REQ_CHKSUM, covered, checksum, cksumtype)
        if (sealed.armor !== undefined) decodeDer(sealed.armor.armorValue, readApReq)
      })

      const { krbError, replyKey, encPart } = described
      const replyBytes = fromHex(input.messages[index]!.reply)
      const expectedType = request.msgType === MessageType.KRB_AS_REQ ? MessageType.KRB_AS_REP : MessageType.KRB_TGS_REP
      const answer = readKdcAnswer(replyBytes, expectedType)

      if (krbError !== undefined) {
        assert.ok(answer.kind === 'error')
        const { error } = answer
        test('the error inside is opened, with what the KDC wants', () => {
          const refusal = openRefusal(armor, error, inside.nonce)
          assert.ok(refusal.armored)
          assert.equal(refusal.error.errorCode, krbError.errorCode)
          assert.equal(refusal.error.eText, krbError.etext)
          const types = fastReply.padata.map(({ type }) => type).filter((type) => type !== PaDataType.PA_FX_ERROR)
          assert.deepEqual(
            refusal.methodData.map(({ padataType }) => padataType),
            types,
          )
        })
        test('the error is refused for another request, and under another key', () => {
          assert.throws(() => openRefusal(armor, error, inside.nonce + 1), /answers another request/)
          const other = armorOf(KerberosKey.generate(key.enctype))
          assert.throws(() => openRefusal(other, error, inside.nonce), { code: 'SEC_E_MESSAGE_ALTERED' })
        })
        return
      }

      assert.ok(answer.kind === 'reply' && replyKey !== undefined && encPart !== undefined)
      const { reply } = answer
      const open = (given: KdcRep = reply) => openArmoredReply(armor, given, inside.nonce)!
      test('the reply opens by the reply key and the strengthening key', () => {
        const { strengthenKey, reply: armored } = open()
        assert.ok(strengthenKey!.equals(keyOf(fastReply.strengthenKey!)))
        assert.deepEqual(
          armored.padata!.map(({ padataType }) => padataType),
          fastReply.padata.map(({ type }) => type),
        )
        const base = sealed.armor === undefined ? described.authenticator!.decoded.subkey : (input.user ?? aliceKey)
        const stronger = strengthenReplyKey(strengthenKey!, keyOf(base))
        assert.ok(stronger.equals(keyOf(replyKey)))
        withReplyPart(decryptReply(reply, stronger, [encPart.usage]), stronger, (part) => {
          assert.equal(toHex(part.key.keyvalue), encPart.decoded.key.key)
          const bytes = fromHex(input.messages[index]!.request)
          // RFC 6806 section 11: under the key that the reply is encrypted under.
          if (sealed.armor !== undefined) checkRequestSeen(part, stronger, bytes, 'VEC.EXAMPLE')
        })
      })
      test('the reply is refused for another request, and beside another ticket', () => {
        assert.throws(() => openArmoredReply(armor, reply, inside.nonce + 1), /answers another request/)
        const raw = reply.ticket.raw.with(-1, reply.ticket.raw.at(-1)! ^ 1)
        assert.throws(() => open({ ...reply, ticket: { ...reply.ticket, raw } }), /another ticket/)
      })

      const challenge = valueOf(insidePadata, PaDataType.PA_ENCRYPTED_CHALLENGE)
      if (challenge !== undefined) {
        test('the challenges of client and KDC open, each under a key of its own', () => {
          const longTerm = keyOf(input.user ?? aliceKey)
          const asked = decodeDer(challenge, readEncryptedData)
          const client = clientChallengeKey(key, longTerm)
          decodeDer(client.decrypt(KeyUsage.ENC_CHALLENGE_CLIENT, asked.cipher), readPaEncTsEnc)
          const answered = decodeDer(
            valueOf(open().reply.padata, PaDataType.PA_ENCRYPTED_CHALLENGE)!,
            readEncryptedData,
          )
          const kdc = kdcChallengeKey(key, longTerm)
          decodeDer(kdc.decrypt(KeyUsage.ENC_CHALLENGE_KDC, answered.cipher), readPaEncTsEnc)
          assert.throws(() => client.decrypt(KeyUsage.ENC_CHALLENGE_KDC, answered.cipher), {
            code: 'SEC_E_MESSAGE_ALTERED',
          })
        })
      }
    })
  }
}

test('the recorded exchanges have FAST in twelve of their messages', () => {
  assert.equal(exchanges, 12)
})

suite("recorded TGS replies of MIT's KDC, under FAST", () => {
  /** Our client with the nonce and the subkey of the recorded one: then its KDC's reply is for us as well. */
  function ask(name: string, index: number): () => ServiceTicket {
    const { input, expected } = flows.find((flow) => flow.name === name)!
    const described = expected.messages[index]!
    const request = decodeDer(fromHex(input.messages[index]!.request), readKdcReq)
    const { nonce, sname } = request.reqBody
    const subkey = described.authenticator!.decoded.subkey
    const { ticket } = decodeDer(valueOf(request.padata, PaDataType.PA_TGS_REQ)!, readApReq)
    const user = parsePrincipal(name.startsWith('carol') ? 'carol' : 'alice').name
    const realm = 'VEC.EXAMPLE'
    const tgt: ServiceTicket = {
      ticket,
      client: { realm, name: user },
      server: { realm, name: parsePrincipal(`krbtgt/${realm}`).name },
      sessionKey: keyOf(described.tgt!.encPart.decoded.key),
      flags: 0,
      authTime: RECORDED_AT,
      startTime: RECORDED_AT,
      endTime: request.reqBody.till,
      renewTill: undefined,
      kdcTimeOffsetMs: 0,
    }
    const options = { insecureAllowRc4: true, permittedEnctypes: [18, 17, 23] }
    const client = clientOf(passwordOf('alice', 'x', realm), options, () => RECORDED_AT)
    let drawn = 0
    const random = (length: number): Uint8Array => {
      const [ofNonce, ofSubkey] = [Uint8Array.of(nonce >>> 24, nonce >>> 16, nonce >>> 8, nonce), fromHex(subkey.key)]
      return [ofNonce, ofSubkey][drawn++]?.slice(0, length) ?? new Uint8Array(length)
    }
    const asker = { ...client, world: { ...client.world, random } }
    const run = new EffectRun(askTgs(asker, tgt, { server: sname!, rtime: new Date('2026-11-25T20:00:21Z') }))
    run.step()
    return () => {
      const progress = run.step({ effect: 'kdc', value: fromHex(input.messages[index]!.reply) })
      assert.ok(progress.kind === 'value')
      return progress.value
    }
  }

  for (const [name, index] of [
    ['alice-tgs', 0],
    ['alice-u2u', 0],
    ['carol-rc4', 3],
  ] as const) {
    test(`${name}: the recorded session key comes out`, () => {
      const { encPart } = flows.find((flow) => flow.name === name)!.expected.messages[index]!
      assert.equal(toHex(ask(name, index)().sessionKey.reveal()), encPart!.decoded.key.key)
    })
  }

  for (const index of [0, 1]) {
    test(`alice-unknown-spn ${index}: the error inside of the armour is told`, () => {
      assert.throws(ask('alice-unknown-spn', index), { code: 'SEC_E_TARGET_UNKNOWN', message: /LOOKING_UP_SERVER/ })
    })
  }
})
