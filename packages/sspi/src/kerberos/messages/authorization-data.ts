import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { AuthorizationDataType } from '../constants.js'
import { readChecksum, writeChecksum, type Checksum } from './encrypted.js'
import {
  decodeDer,
  listReader,
  listWriter,
  readField,
  readInt32,
  readOctetString,
  readOptional,
  readSequence,
  readUInt32,
  readWholeSequence,
  writeField,
  writeInt32,
  writeOctetString,
  writeOptional,
  writeUInt32,
  writeWhole,
} from './fields.js'
import { Limit } from './limits.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** An element of AuthorizationData, RFC 4120 section 5.2.6. */
export interface AuthorizationDataElement {
  /** See `AuthorizationDataType`. */
  readonly adType: number
  /** What that type puts there, exactly as it came. */
  readonly adData: Uint8Array
}

/** Reads an element of AuthorizationData, RFC 4120 section 5.2.6. */
export function readAuthorizationDataElement(reader: DerReader, what = 'AuthorizationData'): AuthorizationDataElement {
  return readSequence(reader, what, (fields) => ({
    adType: readField(fields, 0, what, readInt32),
    adData: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes an element of AuthorizationData, RFC 4120 section 5.2.6. */
export function writeAuthorizationDataElement(writer: DerWriter, value: AuthorizationDataElement): void {
  const mark = writer.mark()
  writeField(writer, 1, value.adData, writeOctetString)
  writeField(writer, 0, value.adType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/**
 * AuthorizationData, RFC 4120 section 5.2.6: at most 256 elements.
 *
 * Also the content of AD-IF-RELEVANT (section 5.2.6.1) and of AD-MANDATORY-FOR-KDC (5.2.6.4).
 */
export const readAuthorizationData = listReader(
  'AuthorizationData',
  Limit.AUTHORIZATION_DATA,
  readAuthorizationDataElement,
)

/** AuthorizationData, RFC 4120 section 5.2.6; AD-IF-RELEVANT and AD-MANDATORY-FOR-KDC. */
export const writeAuthorizationData = listWriter(writeAuthorizationDataElement)

/**
 * Finds the data of one type, also within AD-IF-RELEVANT (RFC 4120 section 5.2.6.1), where Windows puts the PAC.
 *
 * Containers whose checksum somebody has to check first (AD-KDCIssued, AD-CAMMAC) are not opened.
 *
 * @returns In their order; empty if there is none.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when an AD-IF-RELEVANT does not parse, when they lie in one another
 *   more than 8 deep, or hold more than 256 elements altogether.
 */
export function findAuthorizationData(
  elements: readonly AuthorizationDataElement[],
  adType: number,
): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  let level = elements
  let seen = 0
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > Limit.AUTHORIZATION_DATA_DEPTH) throw tooMuch(`AD-IF-RELEVANT more than ${depth - 1} deep`)
    const next: AuthorizationDataElement[] = []
    for (const element of level) {
      if (++seen > Limit.AUTHORIZATION_DATA) throw tooMuch(`more than ${seen - 1} elements`)
      if (element.adType === adType) found.push(element.adData)
      else if (element.adType === AuthorizationDataType.AD_IF_RELEVANT) {
        next.push(...decodeDer(element.adData, readAuthorizationData, 'AD-IF-RELEVANT'))
      }
    }
    level = next
  }
  return found
}

function tooMuch(why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `AuthorizationData: ${why}`)
}

/** AD-KDCIssued, RFC 4120 section 5.2.6.2: what the KDC vouches for. */
export interface AdKdcIssued {
  /** Over `elements`, under the session key and key usage 19. */
  readonly adChecksum: Checksum
  /** Who issued it, if not the KDC itself. */
  readonly iRealm?: string | undefined
  readonly iSname?: PrincipalName | undefined
  /** An AuthorizationData as DER, exactly as it came: verify `adChecksum`, then read it. */
  readonly elements: Uint8Array
}

/** Reads an AD-KDCIssued, RFC 4120 section 5.2.6.2. */
export function readAdKdcIssued(reader: DerReader, what = 'AD-KDCIssued'): AdKdcIssued {
  return readSequence(reader, what, (fields) => ({
    adChecksum: readField(fields, 0, 'AD-KDCIssued: ad-checksum', readChecksum),
    iRealm: readOptional(fields, 1, 'AD-KDCIssued: i-realm', readRealm),
    iSname: readOptional(fields, 2, 'AD-KDCIssued: i-sname', readPrincipalName),
    elements: readField(fields, 3, 'AD-KDCIssued: elements', readWholeSequence),
  }))
}

/** Writes an AD-KDCIssued, RFC 4120 section 5.2.6.2. */
export function writeAdKdcIssued(writer: DerWriter, value: AdKdcIssued): void {
  const mark = writer.mark()
  writeField(writer, 3, value.elements, writeWhole)
  writeOptional(writer, 2, value.iSname, writePrincipalName)
  writeOptional(writer, 1, value.iRealm, writeRealm)
  writeField(writer, 0, value.adChecksum, writeChecksum)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** AD-AND-OR, RFC 4120 section 5.2.6.3. */
export interface AdAndOr {
  /** How many of the elements must be satisfied. */
  readonly conditionCount: number
  readonly elements: readonly AuthorizationDataElement[]
}

/** Reads an AD-AND-OR, RFC 4120 section 5.2.6.3. */
export function readAdAndOr(reader: DerReader, what = 'AD-AND-OR'): AdAndOr {
  return readSequence(reader, what, (fields) => ({
    conditionCount: readField(fields, 0, 'AD-AND-OR: condition-count', readInt32),
    elements: readField(fields, 1, 'AD-AND-OR: elements', readAuthorizationData),
  }))
}

/** Writes an AD-AND-OR, RFC 4120 section 5.2.6.3. */
export function writeAdAndOr(writer: DerWriter, value: AdAndOr): void {
  const mark = writer.mark()
  writeField(writer, 1, value.elements, writeAuthorizationData)
  writeField(writer, 0, value.conditionCount, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** AD-CAMMAC, RFC 7751 section 4: authorization data with MACs of the KDC, the service or others. */
export interface AdCammac {
  /** An AuthorizationData as DER, exactly as it came: verify a MAC, then read it. */
  readonly elements: Uint8Array
  readonly kdcVerifier?: VerifierMac | undefined
  readonly svcVerifier?: VerifierMac | undefined
  readonly otherVerifiers?: readonly VerifierMac[] | undefined
}

/** Verifier-MAC, RFC 7751 section 4. */
export interface VerifierMac {
  /** Whose key it is, if the verifier's place does not say. */
  readonly identifier?: PrincipalName | undefined
  readonly kvno?: number | undefined
  readonly enctype?: number | undefined
  /** Under key usage 64. */
  readonly mac: Checksum
}

/**
 * Reads a Verifier-MAC, RFC 7751 section 4. The CHOICE `Verifier`, which is open, has no other alternative so far: one
 * that came later would not be a SEQUENCE, and is refused.
 */
export function readVerifierMac(reader: DerReader, what = 'Verifier-MAC'): VerifierMac {
  return readSequence(reader, what, (fields) => ({
    identifier: readOptional(fields, 0, what, readPrincipalName),
    kvno: readOptional(fields, 1, what, readUInt32),
    enctype: readOptional(fields, 2, what, readInt32),
    mac: readField(fields, 3, what, readChecksum),
  }))
}

/** Writes a Verifier-MAC, RFC 7751 section 4. */
export function writeVerifierMac(writer: DerWriter, value: VerifierMac): void {
  const mark = writer.mark()
  writeField(writer, 3, value.mac, writeChecksum)
  writeOptional(writer, 2, value.enctype, writeInt32)
  writeOptional(writer, 1, value.kvno, writeUInt32)
  writeOptional(writer, 0, value.identifier, writePrincipalName)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readVerifiers = listReader('other-verifiers', Limit.VERIFIERS, readVerifierMac)
const writeVerifiers = listWriter(writeVerifierMac)

/** Reads an AD-CAMMAC, RFC 7751 section 4. */
export function readAdCammac(reader: DerReader, what = 'AD-CAMMAC'): AdCammac {
  return readSequence(reader, what, (fields) => ({
    elements: readField(fields, 0, 'AD-CAMMAC: elements', readWholeSequence),
    kdcVerifier: readOptional(fields, 1, 'AD-CAMMAC: kdc-verifier', readVerifierMac),
    svcVerifier: readOptional(fields, 2, 'AD-CAMMAC: svc-verifier', readVerifierMac),
    otherVerifiers: readOptional(fields, 3, 'AD-CAMMAC: other-verifiers', readVerifiers),
  }))
}

/** Writes an AD-CAMMAC, RFC 7751 section 4. */
export function writeAdCammac(writer: DerWriter, value: AdCammac): void {
  const mark = writer.mark()
  writeOptional(writer, 3, value.otherVerifiers, writeVerifiers)
  writeOptional(writer, 2, value.svcVerifier, writeVerifierMac)
  writeOptional(writer, 1, value.kdcVerifier, writeVerifierMac)
  writeField(writer, 0, value.elements, writeWhole)
  writer.wrap(Tag.SEQUENCE, mark)
}
