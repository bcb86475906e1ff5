export { logonFacts, type LogonFacts } from './logon-facts.js'
export {
  GroupAttribute,
  LogonUserFlag,
  readLogonInfo,
  type GroupMembership,
  type LogonInfo,
  type LogonInfoField,
  type SidAndAttributes,
} from './logon-info.js'
export { readClientInfo, readUpnDnsInfo, readWholeSid, type ClientInfo, type UpnDnsInfo } from './names.js'
export { MAX_PAC_BUFFERS, MAX_PAC_BYTES, pacBuffer, PacBufferType, readPac, type Pac, type PacBuffer } from './pac.js'
export { pacIdentity, ticketIdentity, type TicketClient } from './pac-identity.js'
export {
  readSignature,
  uncheckedSignatures,
  verifyKdcSignature,
  verifyServerSignature,
  type PacSignature,
  type VerifiedPac,
} from './signatures.js'
