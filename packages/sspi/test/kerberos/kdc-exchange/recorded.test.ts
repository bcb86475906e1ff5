import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { MessageType, PaDataType } from '../../../src/kerberos/constants.js'
import { EffectRun, perform } from '../../../src/kerberos/effect-run.js'
import { KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { checkRequestSeen, obtainInitialTicket } from '../../../src/kerberos/kdc-exchange/as-exchange.js'
import {
  acceptReply,
  decryptReply,
  readKdcAnswer,
  withReplyPart,
} from '../../../src/kerberos/kdc-exchange/kdc-answer.js'
import { askTgs } from '../../../src/kerberos/kdc-exchange/tgs-exchange.js'
import {
  decodeDer,
  readEncryptedData,
  readKdcReq,
  readPaEncTsEnc,
  type EncKdcRepPart,
  type KdcRep,
} from '../../../src/kerberos/messages/index.js'
import { parsePrincipal } from '../../../src/kerberos/principals.js'
import type { ServiceTicket } from '../../../src/kerberos/service-ticket.js'
import type { StretchQuery } from '../../../src/sspi/index.js'
import { readVectors } from '../../vectors.js'
import { clientOf, drive, passwordOf } from './fake-kdc.js'

interface KeyVector {
  readonly enctype: number
  readonly key: string
}

interface FlowInput {
  readonly messages: readonly { readonly request: string; readonly reply: string }[]
}

interface FlowExpected {
  readonly messages: readonly {
    readonly request: { readonly appTag: number; readonly padata: readonly { readonly type: number }[] }
    readonly encPart?: KeyVector & { readonly decoded: { readonly key: KeyVector } }
  }[]
}

const flows = readVectors<FlowInput, FlowExpected>('kerberos/kdc-flows.json').cases
const flow = (name: string) => flows.find((found) => found.name === name)!
const messageOf = (name: string, index: number) => {
  const { request, reply } = flow(name).input.messages[index]!
  return { request: fromHex(request), reply: fromHex(reply) }
}
const keyOf = ({ enctype, key }: KeyVector): KerberosKey => new KerberosKey(enctype, fromHex(key))
const RECORDED_AT = new Date('2026-11-22T20:00:21Z')
const REALM = 'VEC.EXAMPLE'
const ALICE_KEY = '45892a5b3dca6c001cd738fdce0ae6bb366d04802e81eb8ed66638ea4037dc89'

interface Opened {
  readonly reply: KdcRep
  readonly key: KerberosKey
  readonly usage: number
}

/** Opens a reply and makes a ticket of it, as the exchanges do. */
function accept(
  { reply, key, usage }: Opened,
  request: Uint8Array,
  now: Date,
  enctypes?: readonly number[],
  look: (part: EncKdcRepPart) => void = () => undefined,
): ServiceTicket {
  const body = decodeDer(request, readKdcReq).reqBody
  return withReplyPart(decryptReply(reply, key, [usage]), key, (part) => {
    look(part)
    return acceptReply(reply, part, {
      realm: body.realm,
      body,
      client: undefined,
      judgeServer: () => undefined,
      enctypes: enctypes ?? body.etype,
      settings: { clockSkewSeconds: 300, kdcTimesync: false },
      now,
      offsetMs: 0,
      fresh: usage === KeyUsage.AS_REP_ENCPART,
    })
  })
}

function replyOf(bytes: Uint8Array, expected: Parameters<typeof readKdcAnswer>[1]): KdcRep {
  const answer = readKdcAnswer(bytes, expected)
  assert.ok(answer.kind === 'reply')
  return answer.reply
}

suite("recorded AS-REPs of MIT's KDC", () => {
  for (const { name, input, expected } of flows) {
    expected.messages.forEach(({ request: described, encPart }, index) => {
      const armoured = described.padata.some(({ type }) => type === PaDataType.PA_FX_FAST)
      if (described.appTag !== MessageType.KRB_AS_REQ || encPart === undefined || armoured) return
      const request = fromHex(input.messages[index]!.request)
      const opened = {
        reply: replyOf(fromHex(input.messages[index]!.reply), MessageType.KRB_AS_REP),
        key: keyOf(encPart),
        usage: KeyUsage.AS_REP_ENCPART,
      }

      test(`${name} ${index}: gives the recorded session key, for the request that was recorded`, () => {
        const ticket = accept(opened, request, RECORDED_AT, undefined, (part) => {
          checkRequestSeen(part, opened.key, request, REALM)
        })
        assert.equal(toHex(ticket.sessionKey.reveal()), encPart.decoded.key.key)
      })

      test(`${name} ${index}: is refused for a request that differs by a bit`, () => {
        const altered = request.with(-1, request.at(-1)! ^ 1)
        const look = (part: EncKdcRepPart): void => {
          checkRequestSeen(part, opened.key, altered, REALM)
        }
        assert.throws(() => accept(opened, request, RECORDED_AT, undefined, look), /request was changed/)
      })

      test(`${name} ${index}: is refused with a clock that is off by an hour`, () => {
        const late = new Date(RECORDED_AT.getTime() + 3_600_000)
        assert.throws(() => accept(opened, request, late), { code: 'SEC_E_TIME_SKEW' })
      })
    })
  }
})

suite('recorded errors', () => {
  test('a demand for pre-authentication is answered by a timestamp under the right key, with the cookie', () => {
    const client = clientOf(passwordOf('alice', 'Pw-alice-1', REALM), {}, () => RECORDED_AT)
    const run = new EffectRun(obtainInitialTicket(client))
    run.step()
    const stretch = run.step({ effect: 'kdc', value: messageOf('alice-as', 0).reply })
    assert.ok(stretch.kind === 'ask' && stretch.ask.effect === 'stretch')
    assert.equal(new TextDecoder().decode(stretch.ask.query.salt), 'VEC.EXAMPLEalice')
    const next = run.step(answerStretch(stretch.ask.query))
    assert.ok(next.kind === 'ask' && next.ask.effect === 'kdc')
    const { padata = [] } = decodeDer(next.ask.query.request, readKdcReq)
    const valueOf = (type: number) => padata.find(({ padataType }) => padataType === type)!.padataValue
    assert.equal(toHex(valueOf(PaDataType.PA_FX_COOKIE)), '4d4954')
    const key = keyOf({ enctype: 18, key: ALICE_KEY })
    const { cipher } = decodeDer(valueOf(PaDataType.PA_ENC_TIMESTAMP), readEncryptedData)
    const stamp = decodeDer(key.decrypt(KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, cipher), readPaEncTsEnc)
    assert.deepEqual(stamp, { patimestamp: RECORDED_AT, pausec: 0 })
    // What the KDC answers to a wrong one.
    assert.throws(() => run.step({ effect: 'kdc', value: messageOf('alice-as', 1).reply }), {
      code: 'SEC_E_LOGON_DENIED',
    })
  })

  test('an unknown client is told', () => {
    const run = new EffectRun(obtainInitialTicket(clientOf(passwordOf('nobody', 'x', REALM))))
    run.step()
    const { reply } = messageOf('unknown', 0)
    assert.throws(() => run.step({ effect: 'kdc', value: reply }), /KDC_ERR_C_PRINCIPAL_UNKNOWN.*nobody@VEC.EXAMPLE/)
  })

  test('an unknown service is told', () => {
    const { request, reply } = messageOf('alice-as', 2)
    const key = keyOf({ enctype: 18, key: ALICE_KEY })
    const opened = { reply: replyOf(reply, MessageType.KRB_AS_REP), key, usage: KeyUsage.AS_REP_ENCPART }
    const tgt = accept(opened, request, RECORDED_AT)
    const client = clientOf(passwordOf('alice', 'x', REALM), { fast: 'never' }, () => RECORDED_AT)
    const run = new EffectRun(askTgs(client, tgt, { server: parsePrincipal('HTTP/nosuch.vec.example').name }))
    run.step()
    assert.throws(() => run.step({ effect: 'kdc', value: messageOf('alice-unknown-spn', 1).reply }), {
      code: 'SEC_E_TARGET_UNKNOWN',
    })
  })
})

suite("recorded replies of Windows' KDC", () => {
  interface Input extends KeyVector {
    readonly type: string
    readonly message: string
    readonly usage: number
  }
  interface Expected {
    readonly decoded: { readonly key?: KeyVector; readonly authtime?: string }
  }
  const { cases } = readVectors<Input, Expected>('kerberos/kdc-exchange-decrypt.json')
  const then = new Date('2019-07-12T16:07:25Z')
  // Requests and replies stand in turn.
  for (let index = 0; index < cases.length; index += 2) {
    const [request, { name, input, expected }] = [cases[index]!, cases[index + 1]!]
    const type = input.type === 'AS-REP' ? MessageType.KRB_AS_REP : MessageType.KRB_TGS_REP
    const opened = { reply: replyOf(fromHex(input.message), type), key: keyOf(input), usage: input.usage }
    const { key } = expected.decoded

    test(`${name}: gives the recorded session key`, () => {
      const ticket = accept(opened, fromHex(request.input.message), then)
      assert.equal(toHex(ticket.sessionKey.reveal()), key!.key)
    })

    if (key!.enctype === 23) {
      test(`${name}: is refused where RC4 is not allowed`, () => {
        assert.throws(() => accept(opened, fromHex(request.input.message), then, [18, 17]), /type 23/)
      })
    }
  }
})

/** The answer to a stretch, by way of the driver of the other tests. */
function answerStretch(query: StretchQuery) {
  return { effect: 'stretch', value: drive(perform('stretch', query)).value } as const
}
