import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { PaDataType } from '../../../src/kerberos/constants.js'
import { checksumProfile, KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { readVectors } from '../../vectors.js'

interface KeyVector {
  readonly enctype: number
  readonly key: string
}
interface Part extends KeyVector {
  readonly usage: number
  readonly plaintext: string
}
interface TicketVector {
  readonly encPart: Part & { readonly decoded: { readonly flags: string; readonly key: KeyVector } }
}
interface Described {
  readonly encTimestamp?: Part
  readonly tgt?: TicketVector
  readonly authenticator?: Part & { readonly decoded: { readonly subkey?: KeyVector } }
  readonly bodyChecksumValid?: boolean
  readonly paS4uX509User?: string
  readonly paForUser?: {
    readonly userRealm: string
    readonly checksumType: number
    readonly checksumInput: string
    readonly checksumUsage: number
  }
  readonly ticket?: TicketVector
  readonly apRep?: Part
  readonly krbPriv?: Part
  readonly replyKrbPriv?: Part
}
interface Wire {
  readonly request: string
  readonly reply: string
}

const keyOf = ({ enctype, key }: KeyVector): KerberosKey => new KerberosKey(enctype, fromHex(key))

/** Opens a part with its key, and reads and writes what is in it. */
function opened<T>(part: Part, cipher: Uint8Array, read: m.ReadDer<T>, write: m.WriteDer<T>): T {
  const plaintext = keyOf(part).decrypt(part.usage, cipher)
  // RC4 and AES do not pad.
  assert.equal(toHex(plaintext), part.plaintext)
  const value = m.decodeDer(plaintext, read)
  assert.equal(toHex(m.encodeDer(value, write)), part.plaintext)
  return value
}

function ticketOpened({ encPart }: TicketVector, ticket: m.Ticket): m.EncTicketPart {
  const part = opened(encPart, ticket.encPart.cipher, m.readEncTicketPart, m.writeEncTicketPart)
  assert.equal(toHex(part.key.keyvalue), encPart.decoded.key.key)
  assert.equal(part.flags.toString(16).padStart(8, '0'), encPart.decoded.flags)
  return part
}

function valueOf(padata: readonly m.PaData[] | undefined, type: number): Uint8Array {
  const found = padata?.find(({ padataType }) => padataType === type)
  assert.ok(found, `no PA-DATA of type ${String(type)}`)
  return found.padataValue
}

/** RFC 4120 section 5.2.7.1: over the body, under the session key of the ticket, unless the type needs none. */
function bodyChecked(body: Uint8Array, cksum: m.Checksum, key: KerberosKey): void {
  const profile = checksumProfile(cksum.cksumtype)
  if (profile.kind === 'unkeyed') assert.deepEqual(profile.digest(body), cksum.checksum)
  else key.verifyChecksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, body, cksum.checksum, cksum.cksumtype)
}

let tickets = 0
for (const file of ['kerberos/kdc-flows.json', 'kerberos/kpasswd.json']) {
  const flows = readVectors<{ messages: readonly Wire[] }, { messages: readonly Described[] }>(file).cases
  suite(`what is encrypted in ${file}`, () => {
    for (const { name, input, expected } of flows) {
      for (const [index, described] of expected.messages.entries()) {
        const request = fromHex(input.messages[index]!.request)
        const reply = fromHex(input.messages[index]!.reply)
        const isTgs = described.tgt !== undefined

        const { encTimestamp, paForUser, paS4uX509User, ticket } = described
        if (encTimestamp !== undefined) {
          test(`${name} ${index}: the timestamp opens`, () => {
            const sealed = valueOf(m.decodeDer(request, m.readKdcReq).padata, PaDataType.PA_ENC_TIMESTAMP)
            const { cipher } = m.decodeDer(sealed, m.readEncryptedData)
            opened(encTimestamp, cipher, m.readPaEncTsEnc, m.writePaEncTsEnc)
          })
        }
        if (isTgs) {
          test(`${name} ${index}: ticket and authenticator open, and the authenticator has the checksum of the body`, () => {
            const { padata, reqBody } = m.decodeDer(request, m.readKdcReq)
            const apReq = m.decodeDer(valueOf(padata, PaDataType.PA_TGS_REQ), m.readApReq)
            const { key } = ticketOpened(described.tgt!, apReq.ticket)
            const { authenticator } = described
            const { cipher } = apReq.authenticator
            const { cksum } = opened(authenticator!, cipher, m.readAuthenticator, m.writeAuthenticator)
            assert.equal(described.bodyChecksumValid, true)
            bodyChecked(reqBody.raw, cksum!, new KerberosKey(key.keytype, key.keyvalue))
          })
        }
        if (paForUser !== undefined) {
          test(`${name} ${index}: the service has signed for whom it asks, by both kinds of PA-DATA`, () => {
            const { padata } = m.decodeDer(request, m.readKdcReq)
            const sessionKey = keyOf(described.tgt!.encPart.decoded.key)
            const { cksum, userRealm } = m.decodeDer(valueOf(padata, PaDataType.PA_FOR_USER), m.readPaForUser)
            assert.equal(userRealm, paForUser.userRealm)
            assert.equal(cksum.cksumtype, paForUser.checksumType)
            const covered = fromHex(paForUser.checksumInput)
            sessionKey.verifyChecksum(paForUser.checksumUsage, covered, cksum.checksum, cksum.cksumtype)

            const byCertificate = valueOf(padata, PaDataType.PA_FOR_X509_USER)
            assert.equal(toHex(byCertificate), paS4uX509User)
            const { userId, checksum } = m.decodeDer(byCertificate, m.readPaS4uX509User)
            const subkey = keyOf(described.authenticator!.decoded.subkey!)
            subkey.verifyChecksum(KeyUsage.PA_S4U_X509_USER_REQUEST, userId, checksum.checksum, checksum.cksumtype)
          })
        }
        if (ticket !== undefined) {
          tickets++
          test(`${name} ${index}: the ticket opens`, () => {
            const isPassword = described.krbPriv !== undefined
            const issued = isPassword
              ? m.decodeDer(m.readPasswordRequest(request).apReq, m.readApReq).ticket
              : m.decodeDer(reply, m.readKdcRep).ticket
            ticketOpened(ticket, issued)
          })
        }
        if (described.krbPriv !== undefined) {
          test(`${name} ${index}: all of the exchange with kpasswd opens`, () => {
            const { apReq, krbPriv } = m.readPasswordRequest(request)
            const { cipher } = m.decodeDer(apReq, m.readApReq).authenticator
            opened(described.authenticator!, cipher, m.readAuthenticator, m.writeAuthenticator)
            const privOf = (bytes: Uint8Array): Uint8Array => m.decodeDer(bytes, m.readKrbPriv).encPart.cipher
            opened(described.krbPriv!, privOf(krbPriv), m.readEncKrbPrivPart, m.writeEncKrbPrivPart)
            const answer = m.readPasswordReply(reply)
            assert.ok(answer.kind === 'reply')
            const sealed = m.decodeDer(answer.apRep, m.readApRep).encPart.cipher
            opened(described.apRep!, sealed, m.readEncApRepPart, m.writeEncApRepPart)
            opened(described.replyKrbPriv!, privOf(answer.krbPriv), m.readEncKrbPrivPart, m.writeEncKrbPrivPart)
          })
        }
      }
    }
  })
}

test('the recorded exchanges have a ticket in ten of their messages', () => {
  assert.equal(tickets, 10)
})

interface WindowsInput extends KeyVector {
  readonly message: string
  readonly encryptedPart: string
  readonly usage: number
  readonly cipher: string
}
interface WindowsExpected {
  readonly plaintext: string
  readonly decoded: { readonly cusec?: number; readonly pausec?: number; readonly nonce?: number }
}

suite('what is encrypted in kerberos/kdc-exchange-decrypt.json', () => {
  for (const { name, input, expected } of readVectors<WindowsInput, WindowsExpected>(
    'kerberos/kdc-exchange-decrypt.json',
  ).cases) {
    const part: Part = { ...input, plaintext: expected.plaintext }
    const message = fromHex(input.message)
    if (input.encryptedPart === 'enc-part') {
      test(`${name}: opens`, () => {
        const { cipher } = m.decodeDer(message, m.readKdcRep).encPart
        assert.equal(toHex(cipher), input.cipher)
        const { nonce } = opened(part, cipher, m.readEncKdcRepPart, m.writeEncKdcRepPart)
        assert.equal(nonce, expected.decoded.nonce)
      })
    } else if (input.encryptedPart.endsWith('authenticator')) {
      test(`${name}: opens, and has the checksum of the body`, () => {
        const { padata, reqBody } = m.decodeDer(message, m.readKdcReq)
        const { cipher } = m.decodeDer(valueOf(padata, PaDataType.PA_TGS_REQ), m.readApReq).authenticator
        assert.equal(toHex(cipher), input.cipher)
        const { cusec, cksum } = opened(part, cipher, m.readAuthenticator, m.writeAuthenticator)
        assert.equal(cusec, expected.decoded.cusec)
        bodyChecked(reqBody.raw, cksum!, keyOf(input))
      })
    } else {
      test(`${name}: opens`, () => {
        const sealed = valueOf(m.decodeDer(message, m.readKdcReq).padata, PaDataType.PA_ENC_TIMESTAMP)
        const { cipher } = m.decodeDer(sealed, m.readEncryptedData)
        assert.equal(toHex(cipher), input.cipher)
        const { pausec } = opened(part, cipher, m.readPaEncTsEnc, m.writePaEncTsEnc)
        assert.equal(pausec, expected.decoded.pausec)
      })
    }
  }
})
