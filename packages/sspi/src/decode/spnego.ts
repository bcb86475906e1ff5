import { contextTag, decodeOid, decodeUtf8, DerReader, Tag, toHex, type Tlv } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import { oidAbout, tagName } from './der.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'
import { printable } from './printable.js'

type Describe = (content: Uint8Array, scope: Scope) => About

/** A field of a NegotiationToken: its name, its type, and what its content means. */
interface Field {
  readonly name: string
  readonly tag: number
  readonly about: Describe
}

/** NegState, RFC 4178 section 4.2.2. */
const NEG_STATES = ['accept-completed', 'accept-incomplete', 'reject', 'request-mic'] as const

/** ContextFlags, RFC 4178 section 4.2.1: bit 0 first. */
const CONTEXT_FLAGS = [
  'delegFlag',
  'mutualFlag',
  'replayFlag',
  'sequenceFlag',
  'anonFlag',
  'confFlag',
  'integFlag',
] as const

const hex: Describe = (content) => ({ value: toHex(content) })
const token: Describe = (content, scope) => ({ children: [scope.nested('token', content)] })
const mic: Describe = (content) => ({ value: toHex(content), meaning: micMeaning(content) })

const MECH_TYPES: Field = { name: 'mechTypes', tag: Tag.SEQUENCE, about: mechTypes }
const REQ_FLAGS: Field = { name: 'reqFlags', tag: Tag.BIT_STRING, about: contextFlags }
const MECH_TOKEN: Field = { name: 'mechToken', tag: Tag.OCTET_STRING, about: token }
const MECH_LIST_MIC: Field = { name: 'mechListMIC', tag: Tag.OCTET_STRING, about: mic }
const NEG_HINTS: Field = { name: 'negHints', tag: Tag.SEQUENCE, about: negHints }

/** NegTokenInit by context tag, RFC 4178 section 4.2.1. */
const INIT: readonly Field[] = [MECH_TYPES, REQ_FLAGS, MECH_TOKEN, MECH_LIST_MIC]
/** NegTokenInit2, MS-SPNG 2.2.1: the server speaks first, with a hint where the MIC would be. */
const INIT_2: readonly Field[] = [MECH_TYPES, REQ_FLAGS, MECH_TOKEN, NEG_HINTS, MECH_LIST_MIC]
/** NegTokenResp, RFC 4178 section 4.2.2. */
const RESP: readonly Field[] = [
  { name: 'negState', tag: Tag.ENUMERATED, about: negState },
  {
    name: 'supportedMech',
    tag: Tag.OBJECT_IDENTIFIER,
    about: (content) => oidAbout(decodeOid(content, 'supportedMech')),
  },
  { name: 'responseToken', tag: Tag.OCTET_STRING, about: token },
  MECH_LIST_MIC,
]
const HINTS: readonly Field[] = [
  {
    name: 'hintName',
    tag: Tag.GENERAL_STRING,
    about: (content) => ({ value: printable(decodeUtf8(content, 'hintName')) }),
  },
  { name: 'hintAddress', tag: Tag.OCTET_STRING, about: hex },
]

/** SPNEGO's tokens, without the GSS framing that the first of them has. */
export const spnegoToken: TokenDecoder = {
  name: 'SPNEGO',
  recognises: (bytes) => (bytes[0] === contextTag(0) || bytes[0] === contextTag(1)) && innerTag(bytes) === Tag.SEQUENCE,
  decode: (bytes, scope) => {
    const isInit = bytes[0] === contextTag(0)
    const fields = isInit ? initFields(bytes) : RESP
    const name = isInit ? (fields === INIT_2 ? 'NegTokenInit2' : 'NegTokenInit') : 'NegTokenResp'
    return scope.collect(`SPNEGO ${name}`, bytes, (children) => {
      const reader = new DerReader(bytes)
      const { content } = reader.readTlv(name)
      const inner = new DerReader(content)
      const sequence = inner.content(Tag.SEQUENCE, name)
      readFields(sequence, fields, scope, children)
      inner.end(name)
      reader.end(name)
      return undefined
    })
  },
}

/** The tag of the first element inside the outer one, as far as it can be told from a length in short or long form. */
function innerTag(bytes: Uint8Array): number | undefined {
  const first = bytes[1] ?? 0
  return bytes[first < 0x80 ? 2 : 2 + (first & 0x7f)]
}

/** Which of the two forms it is: [3] is a SEQUENCE in NegTokenInit2 and an OCTET STRING in NegTokenInit; [4] settles it. */
function initFields(bytes: Uint8Array): readonly Field[] {
  try {
    const sequence = new DerReader(bytes).enter(contextTag(0), 'NegTokenInit').enter(Tag.SEQUENCE, 'NegTokenInit')
    while (sequence.hasMore) {
      const { tag, content } = sequence.readTlv('NegTokenInit')
      if (tag === contextTag(3)) return content[0] === Tag.SEQUENCE ? INIT_2 : INIT
      if (tag === contextTag(4)) return INIT_2
    }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
  }
  return INIT
}

/** Fields under explicit context tags. One that is not as it should be becomes a node with its error; the next go on. */
function readFields(bytes: Uint8Array, fields: readonly Field[], scope: Scope, children: DecodedNode[]): void {
  const reader = new DerReader(bytes)
  while (reader.hasMore) {
    const tlv = reader.readTlv('field')
    const field = fields.find((_, number) => contextTag(number) === tlv.tag)
    children.push(field === undefined ? unknownField(tlv, scope) : readField(field, tlv, scope))
  }
}

function readField(field: Field, { content, whole }: Tlv, scope: Scope): DecodedNode {
  try {
    const reader = new DerReader(content)
    const value = reader.content(field.tag, field.name)
    reader.end(field.name)
    return scope.node(field.name, whole, field.about(value, scope))
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return scope.node(field.name, whole, { value: toHex(whole), error: error.message })
  }
}

function unknownField({ tag, content, whole }: Tlv, scope: Scope): DecodedNode {
  return scope.node(tagName(tag), whole, { value: toHex(content), error: 'no field of this token has this tag' })
}

function mechTypes(content: Uint8Array, scope: Scope): About {
  const list = scope.collect('mechTypes', content, (children) => {
    const reader = new DerReader(content)
    while (reader.hasMore) {
      const { whole } = reader.readTlv('mechType')
      const oid = new DerReader(whole).oid('mechType')
      children.push(scope.node('mechType', whole, oidAbout(oid)))
    }
    return undefined
  })
  return { error: list.error, children: list.children }
}

function negHints(content: Uint8Array, scope: Scope): About {
  const hints = scope.collect('negHints', content, (children) => {
    readFields(content, HINTS, scope, children)
    return undefined
  })
  return { error: hints.error, children: hints.children }
}

function contextFlags(content: Uint8Array): About {
  const bits = content.subarray(1)
  const names = CONTEXT_FLAGS.filter((_, bit) => ((bits[bit >>> 3] ?? 0) & (0x80 >>> (bit & 7))) !== 0)
  return { value: toHex(bits), meaning: names.join(' ') || 'none' }
}

function negState(content: Uint8Array): About {
  const state = content.length === 1 ? content[0] : undefined
  const name = state === undefined ? undefined : NEG_STATES[state]
  return name === undefined
    ? { value: toHex(content), error: 'no such negState' }
    : { value: String(state), meaning: name }
}

function micMeaning(content: Uint8Array): string | undefined {
  if (content.length === 16 && content[0] === 1 && content[1] === 0) return 'a signature of NTLM'
  if (content[0] === 4 && content[1] === 4) return 'a MIC token of Kerberos (RFC 4121)'
  if (content.length > 0 && content[0] === 0x60) return 'a MIC token with GSS framing'
  return undefined
}
