import { contextTag, DerReader, DerWriter, Tag, utf16leDecode, utf16leEncode } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { CredType, MAX_SUPPLEMENTAL_CREDENTIALS } from '../constants.js'

/** TSCredentials, MS-CSSP 2.2.1.2: what a client hands to the server. Secret. */
export type TsCredentials =
  | { readonly credType: typeof CredType.PASSWORD; readonly credentials: TsPasswordCreds }
  | { readonly credType: typeof CredType.SMART_CARD; readonly credentials: TsSmartCardCreds }
  | { readonly credType: typeof CredType.REMOTE_GUARD; readonly credentials: TsRemoteGuardCreds }

/** TSPasswordCreds, MS-CSSP 2.2.1.2.1. All three are empty in restricted admin mode, where nothing is delegated. */
export interface TsPasswordCreds {
  /** The domain of the user; empty for a local account or a UPN. */
  readonly domainName: string
  /** The user, without the domain. */
  readonly userName: string
  /** The password in the clear. A string, which cannot be wiped. */
  readonly password: string
}

/** TSSmartCardCreds, MS-CSSP 2.2.1.2.2. */
export interface TsSmartCardCreds {
  /** The card's PIN in the clear. A string, which cannot be wiped. */
  readonly pin: string
  /** Where the card's key is found. */
  readonly cspData: TsCspDataDetail
  /** Which account the certificate is meant for, where it fits several; left out: it tells by itself. */
  readonly userHint?: string | undefined
  /** The domain of `userHint`. */
  readonly domainHint?: string | undefined
}

/** TSCspDataDetail, MS-CSSP 2.2.1.2.2.1: where the card's key is found. */
export interface TsCspDataDetail {
  /** `AT_KEYEXCHANGE` is 1, `AT_SIGNATURE` 2. */
  readonly keySpec: number
  /** The name of the smart card. */
  readonly cardName?: string | undefined
  /** The name of the reader that the card is in. */
  readonly readerName?: string | undefined
  /** The name of the key container on the card. */
  readonly containerName?: string | undefined
  /** The name of the cryptographic service provider that reads the card. */
  readonly cspName?: string | undefined
}

/** TSRemoteGuardCreds, MS-CSSP 2.2.1.2.3. */
export interface TsRemoteGuardCreds {
  /** The credential to log on with. */
  readonly logonCred: TsRemoteGuardPackageCred
  /** `undefined` where the field was left out. */
  readonly supplementalCreds?: readonly TsRemoteGuardPackageCred[] | undefined
}

/** TSRemoteGuardPackageCred, MS-CSSP 2.2.1.2.3.1. */
export interface TsRemoteGuardPackageCred {
  /** The security package that it is for: `Kerberos`, `NTLM`. */
  readonly packageName: string
  /** In the package's own format. A view of what was read. */
  readonly credBuffer: Uint8Array
}

/**
 * Reads TSCredentials, MS-CSSP 2.2.1.2.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the bytes are none, or go on behind them; no byte of them is in its message.
 */
export function readTsCredentials(bytes: Uint8Array): TsCredentials {
  // Lengths as in TSRequests.
  const reader = DerReader.ofAnyLengths(bytes)
  const value = reader.within(Tag.SEQUENCE, 'TSCredentials', (fields): TsCredentials => {
    const credType = readInteger(fields, 0, 'TSCredentials: credType')
    const inner = DerReader.ofAnyLengths(readOctets(fields, 1, 'TSCredentials: credentials'))
    const read = readAs(credType, inner)
    inner.end('TSCredentials: credentials')
    return read
  })
  reader.end('TSCredentials')
  return value
}

/** Writes TSCredentials, MS-CSSP 2.2.1.2. Secret: the caller's to wipe. */
export function writeTsCredentials(value: TsCredentials): Uint8Array {
  const inner = new DerWriter()
  writeAs(value, inner)
  const credentials = inner.finish()
  const writer = new DerWriter(credentials.length + 32)
  writer.within(contextTag(1), () => writer.octetString(credentials))
  writer.within(contextTag(0), () => writer.integer(value.credType))
  writer.wrap(Tag.SEQUENCE, 0)
  credentials.fill(0)
  return writer.finish()
}

function readAs(credType: number, inner: DerReader): TsCredentials {
  switch (credType) {
    case CredType.PASSWORD:
      return { credType, credentials: readPasswordCreds(inner) }
    case CredType.SMART_CARD:
      return { credType, credentials: readSmartCardCreds(inner) }
    case CredType.REMOTE_GUARD:
      return { credType, credentials: readRemoteGuardCreds(inner) }
    default:
      throw new SspiError('SEC_E_INVALID_TOKEN', `TSCredentials: credType ${credType} is unknown`)
  }
}

function writeAs(value: TsCredentials, writer: DerWriter): void {
  switch (value.credType) {
    case CredType.PASSWORD:
      return writePasswordCreds(writer, value.credentials)
    case CredType.SMART_CARD:
      return writeSmartCardCreds(writer, value.credentials)
    case CredType.REMOTE_GUARD:
      return writeRemoteGuardCreds(writer, value.credentials)
  }
}

function readPasswordCreds(reader: DerReader): TsPasswordCreds {
  return reader.within(Tag.SEQUENCE, 'TSPasswordCreds', (fields) => ({
    domainName: readText(fields, 0, 'TSPasswordCreds: domainName'),
    userName: readText(fields, 1, 'TSPasswordCreds: userName'),
    password: readText(fields, 2, 'TSPasswordCreds: password'),
  }))
}

function writePasswordCreds(writer: DerWriter, value: TsPasswordCreds): void {
  const mark = writer.mark()
  writeText(writer, 2, value.password)
  writeText(writer, 1, value.userName)
  writeText(writer, 0, value.domainName)
  writer.wrap(Tag.SEQUENCE, mark)
}

function readSmartCardCreds(reader: DerReader): TsSmartCardCreds {
  return reader.within(Tag.SEQUENCE, 'TSSmartCardCreds', (fields) => ({
    pin: readText(fields, 0, 'TSSmartCardCreds: pin'),
    cspData: fields.within(contextTag(1), 'TSSmartCardCreds: cspData', readCspDataDetail),
    userHint: readOptionalText(fields, 2, 'TSSmartCardCreds: userHint'),
    domainHint: readOptionalText(fields, 3, 'TSSmartCardCreds: domainHint'),
  }))
}

function writeSmartCardCreds(writer: DerWriter, value: TsSmartCardCreds): void {
  const mark = writer.mark()
  writeOptionalText(writer, 3, value.domainHint)
  writeOptionalText(writer, 2, value.userHint)
  writer.within(contextTag(1), () => {
    writeCspDataDetail(writer, value.cspData)
  })
  writeText(writer, 0, value.pin)
  writer.wrap(Tag.SEQUENCE, mark)
}

function readCspDataDetail(reader: DerReader): TsCspDataDetail {
  return reader.within(Tag.SEQUENCE, 'TSCspDataDetail', (fields) => ({
    keySpec: readInteger(fields, 0, 'TSCspDataDetail: keySpec'),
    cardName: readOptionalText(fields, 1, 'TSCspDataDetail: cardName'),
    readerName: readOptionalText(fields, 2, 'TSCspDataDetail: readerName'),
    containerName: readOptionalText(fields, 3, 'TSCspDataDetail: containerName'),
    cspName: readOptionalText(fields, 4, 'TSCspDataDetail: cspName'),
  }))
}

function writeCspDataDetail(writer: DerWriter, value: TsCspDataDetail): void {
  const mark = writer.mark()
  writeOptionalText(writer, 4, value.cspName)
  writeOptionalText(writer, 3, value.containerName)
  writeOptionalText(writer, 2, value.readerName)
  writeOptionalText(writer, 1, value.cardName)
  writer.within(contextTag(0), () => writer.integer(value.keySpec))
  writer.wrap(Tag.SEQUENCE, mark)
}

function readRemoteGuardCreds(reader: DerReader): TsRemoteGuardCreds {
  return reader.within(Tag.SEQUENCE, 'TSRemoteGuardCreds', (fields) => ({
    logonCred: fields.within(contextTag(0), 'TSRemoteGuardCreds: logonCred', readPackageCred),
    supplementalCreds: fields.optional(contextTag(1), 'TSRemoteGuardCreds: supplementalCreds', (inner) =>
      inner.sequenceOf('TSRemoteGuardCreds: supplementalCreds', MAX_SUPPLEMENTAL_CREDENTIALS, readPackageCred),
    ),
  }))
}

function writeRemoteGuardCreds(writer: DerWriter, { logonCred, supplementalCreds }: TsRemoteGuardCreds): void {
  const mark = writer.mark()
  if (supplementalCreds !== undefined) {
    writer.within(contextTag(1), () => {
      const list = writer.mark()
      for (const each of supplementalCreds.toReversed()) writePackageCred(writer, each)
      writer.wrap(Tag.SEQUENCE, list)
    })
  }
  writer.within(contextTag(0), () => {
    writePackageCred(writer, logonCred)
  })
  writer.wrap(Tag.SEQUENCE, mark)
}

function readPackageCred(reader: DerReader): TsRemoteGuardPackageCred {
  return reader.within(Tag.SEQUENCE, 'TSRemoteGuardPackageCred', (fields) => ({
    packageName: readText(fields, 0, 'TSRemoteGuardPackageCred: packageName'),
    credBuffer: readOctets(fields, 1, 'TSRemoteGuardPackageCred: credBuffer'),
  }))
}

function writePackageCred(writer: DerWriter, { packageName, credBuffer }: TsRemoteGuardPackageCred): void {
  const mark = writer.mark()
  writer.within(contextTag(1), () => writer.octetString(credBuffer))
  writeText(writer, 0, packageName)
  writer.wrap(Tag.SEQUENCE, mark)
}

function readInteger(fields: DerReader, number: number, what: string): number {
  return fields.within(contextTag(number), what, (inner) => inner.integer(what))
}

function readOctets(fields: DerReader, number: number, what: string): Uint8Array {
  return fields.within(contextTag(number), what, (inner) => inner.octetString(what))
}

/** Every text is UTF-16LE in an OCTET STRING, without a terminating zero; rdesktop sends one, which is no part of the text. */
function readText(fields: DerReader, number: number, what: string): string {
  const text = utf16leDecode(readOctets(fields, number, what), what)
  return text.endsWith('\0') ? text.slice(0, -1) : text
}

function readOptionalText(fields: DerReader, number: number, what: string): string | undefined {
  return fields.isNext(contextTag(number)) ? readText(fields, number, what) : undefined
}

function writeText(writer: DerWriter, number: number, text: string): void {
  const octets = utf16leEncode(text)
  writer.within(contextTag(number), () => writer.octetString(octets))
  octets.fill(0)
}

function writeOptionalText(writer: DerWriter, number: number, text: string | undefined): void {
  if (text !== undefined) writeText(writer, number, text)
}
