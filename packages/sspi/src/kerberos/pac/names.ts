import { readSid, Reader, utf16leDecode } from '../../bytes/index.js'

/** PAC_CLIENT_INFO, MS-PAC 2.7: whose ticket it is in. */
export interface ClientInfo {
  /** When the client authenticated first: a FILETIME. */
  readonly clientId: bigint
  readonly name: string
}

/** Reads PAC_CLIENT_INFO, MS-PAC 2.7. @throws `SspiError` `SEC_E_INVALID_TOKEN`. */
export function readClientInfo(bytes: Uint8Array): ClientInfo {
  const reader = new Reader(bytes)
  const clientId = reader.u64le('PAC_CLIENT_INFO: ClientId')
  const length = reader.u16le('PAC_CLIENT_INFO: NameLength')
  return { clientId, name: utf16leDecode(reader.take(length, 'PAC_CLIENT_INFO: Name'), 'PAC_CLIENT_INFO: Name') }
}

/** UPN_DNS_INFO, MS-PAC 2.10. */
export interface UpnDnsInfo {
  readonly upn: string
  readonly dnsDomainName: string
  /** Bit 1: the UPN is made of the account's name, as it has none of its own. Bit 2: there are `samName` and `sid`. */
  readonly flags: number
  readonly samName: string | undefined
  readonly sid: string | undefined
}

/** Reads UPN_DNS_INFO, MS-PAC 2.10: lengths and offsets, and what they point at. @throws `SspiError` `SEC_E_INVALID_TOKEN`. */
export function readUpnDnsInfo(bytes: Uint8Array): UpnDnsInfo {
  const reader = new Reader(bytes)
  const pointed = (what: string): Uint8Array => {
    const length = reader.u16le(`UPN_DNS_INFO: ${what}`)
    return reader.at(reader.u16le(`UPN_DNS_INFO: ${what}`), length, `UPN_DNS_INFO: ${what}`)
  }
  const text = (what: string): string => utf16leDecode(pointed(what), `UPN_DNS_INFO: ${what}`)
  const upn = text('Upn')
  const dnsDomainName = text('DnsDomainName')
  const flags = reader.u32le('UPN_DNS_INFO: Flags')
  if ((flags & EXTENDED) === 0) return { upn, dnsDomainName, flags, samName: undefined, sid: undefined }
  return { upn, dnsDomainName, flags, samName: text('SamName'), sid: readWholeSid(pointed('Sid')) }
}

const EXTENDED = 2

/** Reads PAC_REQUESTOR, MS-PAC 2.15, and other buffers that are a security identifier. @throws `SspiError` `SEC_E_INVALID_TOKEN`. */
export function readWholeSid(bytes: Uint8Array): string {
  const reader = new Reader(bytes)
  const sid = readSid(reader)
  reader.end('SID')
  return sid
}
