import { bytesEqual, contextTag, DerReader, DerWriter, oemDecode, oemEncode, Tag } from '../bytes/index.js'
import { isGssTokenOf, readGssToken, SspiError, writeGssToken } from '../sspi/index.js'
import { DEFAULT_MAX_MECH_TYPES, NegState, SPNEGO_OID } from './constants.js'

/** Either of SPNEGO's messages, RFC 4178 §4.2. All bytes are views of the token. */
export type NegotiationToken = NegTokenInit | NegTokenResp

/** NegTokenInit, RFC 4178 §4.2.1, and NegTokenInit2, MS-SPNG 2.2.1, which is that with `negHints`. */
export interface NegTokenInit {
  /** Tells the two messages apart. */
  readonly kind: 'negTokenInit'
  /** Whether it came in the frame of RFC 2743 §3.1, as a first token should. */
  readonly framed: boolean
  /** In the sender's order of preference; empty when there is no list, which only NegTokenInit2 allows. */
  readonly mechTypes: readonly string[]
  /** The MechTypeList exactly as it came: what a mechListMIC is made of. Empty when there is none. */
  readonly mechTypeList: Uint8Array
  /** The content of the BIT STRING, unused bits first. Not protected by anything, hence ignored (RFC 4178 §4.2.1). */
  readonly reqFlags: Uint8Array | undefined
  /** The optimistic token: the first one of the first mechanism. */
  readonly mechToken: Uint8Array | undefined
  /** Of acceptors that speak first, MS-SPNG 2.2.1. */
  readonly negHints: NegHints | undefined
  /** The MIC over the list of mechanisms. */
  readonly mechListMic: Uint8Array | undefined
}

/** NegHints, MS-SPNG 2.2.1. Not protected by anything. */
export interface NegHints {
  /** `not_defined_in_RFC4178@please_ignore`, as a rule. */
  readonly hintName: string | undefined
  /** Nobody uses it. */
  readonly hintAddress: Uint8Array | undefined
}

/** NegTokenResp, RFC 4178 §4.2.2; every field may be missing. */
export interface NegTokenResp {
  /** Tells the two messages apart. */
  readonly kind: 'negTokenResp'
  /** Where the negotiation stands; `undefined` where it was left out. */
  readonly negState: NegState | undefined
  /** The OID that the acceptor chose. */
  readonly supportedMech: string | undefined
  /** The token of the mechanism. */
  readonly responseToken: Uint8Array | undefined
  /** The MIC over the list of mechanisms. */
  readonly mechListMic: Uint8Array | undefined
}

const INIT = contextTag(0)
const RESP = contextTag(1)

/** Whether a token is SPNEGO's at all, by its first bytes; if not, it may be a mechanism's own. */
export function looksLikeNegotiationToken(token: Uint8Array): boolean {
  return token[0] === INIT || token[0] === RESP || isGssTokenOf(token, [SPNEGO_OID])
}

/**
 * Reads either message, in the frame of RFC 2743 §3.1 or without.
 *
 * Fields that a later version of SPNEGO may append (the `...` of RFC 4178) are left aside.
 *
 * @param maxMechTypes - How many mechanisms may be listed. Default 64.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN`.
 */
export function readNegotiationToken(token: Uint8Array, maxMechTypes = DEFAULT_MAX_MECH_TYPES): NegotiationToken {
  if (token[0] === INIT || token[0] === RESP) return readChoice(token, false, maxMechTypes)
  const { oid, inner } = readGssToken(token)
  if (oid !== SPNEGO_OID) throw new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: the token is of mechanism ${oid}`)
  return readChoice(inner, true, maxMechTypes)
}

function readChoice(bytes: Uint8Array, framed: boolean, maxMechTypes: number): NegotiationToken {
  const reader = new DerReader(bytes)
  const message = reader.isNext(RESP)
    ? reader.within(RESP, 'NegTokenResp', readNegTokenResp)
    : reader.within(INIT, 'NegTokenInit', (inner) => readNegTokenInit(inner, framed, maxMechTypes))
  reader.end('NegotiationToken')
  return message
}

function readNegTokenInit(choice: DerReader, framed: boolean, maxMechTypes: number): NegTokenInit {
  const fields = choice.enter(Tag.SEQUENCE, 'NegTokenInit')
  const mechTypeList = fields.optional(contextTag(0), 'mechTypes', (inner) => inner.whole(Tag.SEQUENCE, 'mechTypes'))
  const reqFlags = fields.optional(contextTag(1), 'reqFlags', (inner) => inner.content(Tag.BIT_STRING, 'reqFlags'))
  const mechToken = fields.optional(contextTag(2), 'mechToken', (inner) => inner.octetString('mechToken'))
  // RFC 4178 has the MIC in [3]; NegTokenInit2 has the hints there, and the MIC in [4].
  const third = fields.optional(contextTag(3), 'negHints', readHintsOrMic)
  const fourth = fields.optional(contextTag(4), 'mechListMIC', (inner) => inner.octetString('mechListMIC'))
  skipExtensions(fields, 4, 'NegTokenInit')
  return {
    kind: 'negTokenInit',
    framed,
    mechTypes: mechTypeList === undefined ? [] : readMechTypes(mechTypeList, maxMechTypes),
    mechTypeList: mechTypeList ?? new Uint8Array(0),
    reqFlags,
    mechToken,
    negHints: third?.negHints,
    mechListMic: fourth ?? third?.mechListMic,
  }
}

function readMechTypes(mechTypeList: Uint8Array, maxMechTypes: number): readonly string[] {
  return new DerReader(mechTypeList).sequenceOf('mechTypes', maxMechTypes, (inner) => inner.oid('mechTypes'))
}

function readHintsOrMic(inner: DerReader): Pick<NegTokenInit, 'negHints' | 'mechListMic'> {
  if (inner.isNext(Tag.OCTET_STRING)) return { negHints: undefined, mechListMic: inner.octetString('mechListMIC') }
  const fields = inner.enter(Tag.SEQUENCE, 'negHints')
  // A GeneralString in whichever code page the server has: it is never looked at, so nothing is refused.
  const hintName = fields.optional(contextTag(0), 'hintName', (name) =>
    oemDecode(name.content(Tag.GENERAL_STRING, 'hintName')),
  )
  const hintAddress = fields.optional(contextTag(1), 'hintAddress', (address) => address.octetString('hintAddress'))
  skipExtensions(fields, 1, 'negHints')
  return { negHints: { hintName, hintAddress }, mechListMic: undefined }
}

function readNegTokenResp(choice: DerReader): NegTokenResp {
  const fields = choice.enter(Tag.SEQUENCE, 'NegTokenResp')
  const negState = fields.optional(contextTag(0), 'negState', (inner) => inner.enumerated('negState'))
  const supportedMech = fields.optional(contextTag(1), 'supportedMech', (inner) => inner.oid('supportedMech'))
  const responseToken = fields.optional(contextTag(2), 'responseToken', (inner) => inner.octetString('responseToken'))
  const mechListMic = fields.optional(contextTag(3), 'mechListMIC', (inner) => inner.octetString('mechListMIC'))
  skipExtensions(fields, 3, 'NegTokenResp')
  return {
    kind: 'negTokenResp',
    negState: negState === undefined ? undefined : knownState(negState),
    supportedMech,
    responseToken,
    mechListMic,
  }
}

function knownState(value: number): NegState {
  if (!isNegState(value)) throw new SspiError('SEC_E_INVALID_TOKEN', `negState: ${value} is not one of 0 to 3`)
  return value
}

function isNegState(value: number): value is NegState {
  return value >= NegState.ACCEPT_COMPLETED && value <= NegState.REQUEST_MIC
}

/** Moves over fields behind the last known one; a known one again, or out of order, is an error. */
function skipExtensions(fields: DerReader, lastKnown: number, what: string): void {
  while (fields.hasMore) {
    const { tag } = fields.readTlv(what)
    if (tag <= contextTag(lastKnown) || tag > contextTag(30)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: tag 0x${tag.toString(16)} has no place here`)
    }
  }
}

/** The mechanism's token; an empty one, as some peers send with accept-completed, is none (RFC 2743 §1.1.2). */
export function tokenOf({ responseToken }: NegTokenResp): Uint8Array | undefined {
  return responseToken?.length === 0 ? undefined : responseToken
}

/** The mechListMIC. Windows 2000 repeats the responseToken in this field (RFC 4178, appendix C): that is none. */
export function micOf({ mechListMic, responseToken }: NegTokenResp): Uint8Array | undefined {
  if (mechListMic === undefined || mechListMic.length === 0) return undefined
  return responseToken !== undefined && bytesEqual(responseToken, mechListMic) ? undefined : mechListMic
}

/** The MechTypeList of these OIDs: what is sent, and what a mechListMIC is made of. */
export function writeMechTypeList(mechTypes: readonly string[]): Uint8Array {
  const writer = new DerWriter(128)
  for (const oid of mechTypes.toReversed()) writer.oid(oid)
  writer.wrap(Tag.SEQUENCE, 0)
  return writer.finish()
}

/** The fields of a NegTokenInit to be written. */
export interface NegTokenInitFields {
  /** As {@link writeMechTypeList} made it. */
  readonly mechTypeList: Uint8Array
  readonly mechToken?: Uint8Array | undefined
  /** Makes it a NegTokenInit2. */
  readonly negHints?: NegHints | undefined
  /** The MIC over the list of mechanisms. */
  readonly mechListMic?: Uint8Array | undefined
}

/** Writes a NegTokenInit, or a NegTokenInit2 when there are hints, in the frame of RFC 2743 §3.1; never `reqFlags`. */
export function writeNegTokenInit(fields: NegTokenInitFields): Uint8Array {
  const writer = new DerWriter((fields.mechToken?.length ?? 0) + 256)
  const { negHints } = fields
  writeOctets(writer, negHints === undefined ? 3 : 4, fields.mechListMic)
  if (negHints !== undefined) writer.within(contextTag(3), () => writeNegHints(writer, negHints))
  writeOctets(writer, 2, fields.mechToken)
  writer.within(contextTag(0), () => writer.raw(fields.mechTypeList))
  writer.wrap(Tag.SEQUENCE, 0)
  writer.wrap(INIT, 0)
  return writeGssToken(SPNEGO_OID, writer.finish())
}

function writeNegHints(writer: DerWriter, { hintName, hintAddress }: NegHints): void {
  const mark = writer.mark()
  writeOctets(writer, 1, hintAddress)
  if (hintName !== undefined) {
    writer.within(contextTag(0), () => writer.octetString(oemEncode(hintName), Tag.GENERAL_STRING))
  }
  writer.wrap(Tag.SEQUENCE, mark)
}

/** The fields of a NegTokenResp to be written. */
export interface NegTokenRespFields {
  /** Where the negotiation stands; `undefined` where it was left out. */
  readonly negState: NegState
  /** The OID that the acceptor chose. */
  readonly supportedMech?: string | undefined
  /** The token of the mechanism. */
  readonly responseToken?: Uint8Array | undefined
  /** The MIC over the list of mechanisms. */
  readonly mechListMic?: Uint8Array | undefined
}

/** Writes a NegTokenResp; it has no frame. */
export function writeNegTokenResp(fields: NegTokenRespFields): Uint8Array {
  const writer = new DerWriter((fields.responseToken?.length ?? 0) + 128)
  const { supportedMech } = fields
  writeOctets(writer, 3, fields.mechListMic)
  writeOctets(writer, 2, fields.responseToken)
  if (supportedMech !== undefined) writer.within(contextTag(1), () => writer.oid(supportedMech))
  writer.within(contextTag(0), () => writer.enumerated(fields.negState))
  writer.wrap(Tag.SEQUENCE, 0)
  writer.wrap(RESP, 0)
  return writer.finish()
}

function writeOctets(writer: DerWriter, number: number, octets: Uint8Array | undefined): void {
  if (octets !== undefined) writer.within(contextTag(number), () => writer.octetString(octets))
}
