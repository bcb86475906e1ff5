import type { BitNames } from './names.js'

/** NEGOTIATE flags with the specification's names, MS-NLMP 2.2.2.5. */
export const NEGOTIATE_FLAGS: BitNames = [
  [0x8000_0000, 'NTLMSSP_NEGOTIATE_56'],
  [0x4000_0000, 'NTLMSSP_NEGOTIATE_KEY_EXCH'],
  [0x2000_0000, 'NTLMSSP_NEGOTIATE_128'],
  [0x0200_0000, 'NTLMSSP_NEGOTIATE_VERSION'],
  [0x0080_0000, 'NTLMSSP_NEGOTIATE_TARGET_INFO'],
  [0x0040_0000, 'NTLMSSP_REQUEST_NON_NT_SESSION_KEY'],
  [0x0010_0000, 'NTLMSSP_NEGOTIATE_IDENTIFY'],
  [0x0008_0000, 'NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY'],
  [0x0002_0000, 'NTLMSSP_TARGET_TYPE_SERVER'],
  [0x0001_0000, 'NTLMSSP_TARGET_TYPE_DOMAIN'],
  [0x0000_8000, 'NTLMSSP_NEGOTIATE_ALWAYS_SIGN'],
  [0x0000_2000, 'NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED'],
  [0x0000_1000, 'NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED'],
  [0x0000_0800, 'NTLMSSP_ANONYMOUS'],
  [0x0000_0200, 'NTLMSSP_NEGOTIATE_NTLM'],
  [0x0000_0080, 'NTLMSSP_NEGOTIATE_LM_KEY'],
  [0x0000_0040, 'NTLMSSP_NEGOTIATE_DATAGRAM'],
  [0x0000_0020, 'NTLMSSP_NEGOTIATE_SEAL'],
  [0x0000_0010, 'NTLMSSP_NEGOTIATE_SIGN'],
  [0x0000_0004, 'NTLMSSP_REQUEST_TARGET'],
  [0x0000_0002, 'NTLM_NEGOTIATE_OEM'],
  [0x0000_0001, 'NTLMSSP_NEGOTIATE_UNICODE'],
]

/** The flags that decide how a message is to be read. */
export const UNICODE = 0x0000_0001
export const EXTENDED_SESSION_SECURITY = 0x0008_0000
export const VERSION = 0x0200_0000

/** MsvAvFlags, MS-NLMP 2.2.2.1. */
export const AV_FLAGS: BitNames = [
  [0x4, 'target name from an untrusted source'],
  [0x2, 'MIC present'],
  [0x1, 'account authentication constrained'],
]

/** Windows by the version that it puts into messages, MS-NLMP 2.2.2.10. */
const WINDOWS: ReadonlyMap<string, string> = new Map([
  ['5.0', 'Windows 2000'],
  ['5.1', 'Windows XP'],
  ['5.2', 'Windows Server 2003'],
  ['6.0', 'Windows Vista or Server 2008'],
  ['6.1', 'Windows 7 or Server 2008 R2'],
  ['6.2', 'Windows 8 or Server 2012'],
  ['6.3', 'Windows 8.1 or Server 2012 R2'],
  ['10.0', 'Windows 10, Server 2016 or later'],
])

/** The name of a version, or `undefined` for one that is not a Windows. */
export function windowsName(major: number, minor: number): string | undefined {
  return WINDOWS.get(`${major}.${minor}`)
}
