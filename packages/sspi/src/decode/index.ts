export {
  checkNtlm,
  type CheckNtlmOptions,
  type NtlmCheck,
  type NtlmKeys,
  type NtlmMessages,
  type NtlmSecret,
  type Verdict,
} from './check-ntlm.js'
export { decoders, decodeToken, decodingErrors, readTokens, type DecodeOptions } from './decode-token.js'
export { Keyring, type OpenedData } from './keyring.js'
export { keysOfPassword } from './password-keys.js'
export { hexdump } from './hexdump.js'
export type { About, DecodedNode, Scope, TokenDecoder } from './node.js'
export type { FoundToken } from './token-text.js'
