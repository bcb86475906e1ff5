import { bytesEqual, encodeAscii, guidText, Reader } from '../bytes/index.js'
import { Fields } from './fields.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'

const SIGNATURE = encodeAscii('NEGOEXTS')
const LENGTH_OFFSET = 20

/** MESSAGE_TYPE, MS-NEGOEX 2.2.6.1. */
const MESSAGE_TYPES = [
  'INITIATOR_NEGO',
  'ACCEPTOR_NEGO',
  'INITIATOR_META_DATA',
  'ACCEPTOR_META_DATA',
  'CHALLENGE',
  'AP_REQUEST',
  'VERIFY',
  'ALERT',
] as const

/** NegoEx messages, of which a token holds several; their headers only. */
export const negoexMessages: TokenDecoder = {
  name: 'NegoEx',
  recognises: (bytes) => bytesEqual(bytes.subarray(0, SIGNATURE.length), SIGNATURE),
  decode: (bytes, scope) =>
    scope.collect('NegoEx messages', bytes, (children) => {
      const reader = new Reader(bytes)
      while (reader.remaining > 0) {
        const ahead = bytes.subarray(reader.offset)
        const length = new Reader(ahead.subarray(LENGTH_OFFSET)).u32le('cbMessageLength')
        // A length that leaves out the header would be read for ever.
        children.push(decodeMessage(reader.take(Math.max(length, LENGTH_OFFSET + 4), 'NegoEx message'), scope))
      }
      return undefined
    }),
}

/** MESSAGE_HEADER, MS-NEGOEX 2.2.6.2. */
function decodeMessage(bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect('NegoEx message', bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    fields.bytes('Signature', SIGNATURE.length, () => ({ value: 'NEGOEXTS' }))
    const type = fields.u32le('MessageType', (number) => MESSAGE_TYPES[number])
    fields.u32le('SequenceNum', String)
    fields.u32le('cbHeaderLength', String)
    fields.u32le('cbMessageLength', String)
    fields.bytes('ConversationId', 16, guid)
    if (fields.remaining > 0) fields.bytes('body', fields.remaining)
    return { meaning: MESSAGE_TYPES[type] }
  })
}

/** A GUID as Windows writes it. */
function guid(bytes: Uint8Array): About {
  return { value: `{${guidText(bytes)}}` }
}
