import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex } from '../../src/bytes/index.js'
import { embeddedKdc, type EmbeddedKdc } from '../../src/io/embedded-kdc/index.js'
import { memoryPrincipals } from '../../src/io/principals/index.js'
import {
  decodeDer,
  decodePadded,
  KerberosKey,
  readEncKdcRepPart,
  readKdcRep,
  readKrbError,
  type EncKdcRepPart,
  type KdcRep,
} from '../../src/kerberos/index.js'
import { readVectors } from '../vectors.js'

/** What MIT's client has asked, answered by this KDC with the same keys at the same time: it must say what MIT's KDC said. */

interface Part {
  readonly enctype: number
  readonly key: string
  readonly usage: number
  readonly plaintext: string
}

interface Message {
  readonly krbError?: { readonly errorCode: number }
  readonly encPart?: Part
}

interface Flow {
  readonly messages: readonly { readonly request: string; readonly reply: string }[]
}

const file = readVectors<Flow, { readonly messages: readonly Message[] }>('kerberos/kdc-flows.json')
const { krbtgtKeys } = file as typeof file & {
  readonly krbtgtKeys: readonly { readonly enctype: number; readonly key: string; readonly kvno: number }[]
}
const REALM = 'VEC.EXAMPLE'
const NOW = new Date('2026-11-22T20:00:22Z')

function kdcOf(service: string): EmbeddedKdc {
  const keys = krbtgtKeys.map(({ enctype, key, kvno }) => ({ enctype, key: fromHex(key), kvno }))
  const entries = [
    { name: `krbtgt/${REALM}`, keys },
    { name: 'alice', password: 'Pw-alice-1' },
    ...(service === 'alice' || service.startsWith('krbtgt/') ? [] : [{ name: service }]),
  ]
  const principals = memoryPrincipals({ realm: REALM, entries, enctypes: [18, 17] })
  return embeddedKdc({ realm: REALM, principals, now: () => NOW })
}

/** What replies must have in common: not the session key, and not the times, which are the KDC's. */
function essenceOf({ key, nonce, srealm, sname, encryptedPaData }: EncKdcRepPart): unknown {
  return { nonce, srealm, sname, keytype: key.keytype, encryptedPaData }
}

suite('requests of MIT’s client that were recorded', () => {
  for (const name of ['alice-as', 'alice-tgs', 'alice-u2u', 'alice-unknown-spn', 'unknown']) {
    test(`are answered as MIT's KDC did: ${name}`, async () => {
      const flow = file.cases.find((known) => known.name === name)
      assert.ok(flow !== undefined)
      for (const [index, { request, reply }] of flow.input.messages.entries()) {
        // MIT's client has tried SPAKE there, which its KDC refused.
        if (name === 'alice-as' && index === 1) continue
        const { krbError, encPart }: Message = flow.expected.messages[index]!
        const theirs: KdcRep | undefined = krbError === undefined ? decodeDer(fromHex(reply), readKdcRep) : undefined
        const kdc = kdcOf(theirs?.ticket.sname.nameString.join('/') ?? 'alice')
        const ours = await kdc.handle(fromHex(request), { service: 'kdc' })
        if (theirs === undefined) {
          assert.equal(decodeDer(ours!, readKrbError).errorCode, krbError?.errorCode)
          continue
        }
        const answer = decodeDer(ours!, readKdcRep)
        assert.deepEqual([answer.crealm, answer.cname], [theirs.crealm, theirs.cname])
        assert.deepEqual([answer.ticket.realm, answer.ticket.sname], [theirs.ticket.realm, theirs.ticket.sname])
        assert.equal(answer.encPart.etype, theirs.encPart.etype)
        // Those of the TGS are in armor, under a key that each KDC draws.
        if (name === 'alice-as' && encPart !== undefined) assertSamePart(answer, encPart)
      }
    })
  }
})

function assertSamePart({ encPart }: KdcRep, { enctype, key, usage, plaintext }: Part): void {
  const open = new KerberosKey(enctype, fromHex(key)).decrypt(usage, encPart.cipher)
  const ours = decodePadded(open, readEncKdcRepPart)
  const theirs = decodePadded(fromHex(plaintext), readEncKdcRepPart)
  assert.deepEqual(essenceOf(ours), essenceOf(theirs))
}
