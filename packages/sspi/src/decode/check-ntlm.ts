import { constantTimeEqual, desl, md4, md5, Rc4, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  keyExchangeKey,
  lmowfv1,
  messageIntegrityCode,
  NegotiateFlag,
  ntowfv1,
  ntowfv2,
  provesV2,
  readAuthenticate,
  readChallenge,
  readNtResponse,
  sessionBaseKeyV2,
  withoutMic,
  type AuthenticateMessage,
  type NtResponse,
} from '../ntlm/index.js'
import { SspiError } from '../sspi/index.js'
import { decodeToken } from './decode-token.js'
import type { DecodedNode } from './node.js'
import { micPromised } from './ntlm.js'

/** The messages of one NTLM exchange, as they are or with SPNEGO and GSS framing around them. */
export interface NtlmMessages {
  /** The NEGOTIATE. Without it the MIC cannot be checked; a datagram exchange has none. */
  readonly negotiate?: Uint8Array | undefined
  /** The second message. */
  readonly challenge: Uint8Array
  /** The third message. */
  readonly authenticate: Uint8Array
}

/** The secret to check with: the password, or its NT hash (16 bytes). */
export type NtlmSecret =
  | { readonly password: string; readonly ntHash?: undefined }
  | { readonly ntHash: Uint8Array; readonly password?: undefined }

/** Options of {@link checkNtlm}. */
export type CheckNtlmOptions = NtlmMessages &
  NtlmSecret & {
    /** Whether the session's keys come back as well: whoever has them can read its messages. Default `false`. */
    readonly revealKeys?: boolean | undefined
  }

/** What a check came to. */
export interface Verdict {
  /** `absent`: the message has none. `unchecked`: something that it takes is missing. */
  readonly result: 'valid' | 'invalid' | 'absent' | 'unchecked'
  /** More about it, in words. */
  readonly reason?: string | undefined
}

/** Result of {@link checkNtlm}. */
export interface NtlmCheck {
  /** As the AUTHENTICATE names it. */
  readonly user: string
  /** As the AUTHENTICATE names it. */
  readonly domain: string
  /** Of which version the response is. */
  readonly responseKind: 'NTLMv2' | 'NTLMv1' | 'NTLMv1 with extended session security' | 'none'
  /** The NTProofStr of NTLMv2, or the whole response of NTLMv1: whether the secret made it. */
  readonly response: Verdict
  /** The MIC over the three messages: whether all of them are as they were sent. */
  readonly mic: Verdict
  /** Only with `revealKeys`, and only when the response is valid. Copies, the caller's to wipe. */
  readonly keys?: NtlmKeys | undefined
}

/** The keys of an exchange, 16 bytes each. */
export interface NtlmKeys {
  /** 16 bytes. */
  readonly sessionBaseKey: Uint8Array
  /** 16 bytes. */
  readonly exportedSessionKey: Uint8Array
}

/**
 * Checks a recorded NTLM exchange against a password: whether it made the response, and whether the MIC holds. Keys that
 * it derives on the way are wiped, unless the caller asks for them.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when a message is not what it should be.
 */
export function checkNtlm(options: CheckNtlmOptions): NtlmCheck {
  const negotiate = options.negotiate === undefined ? undefined : messageIn(options.negotiate, 'NEGOTIATE')
  const challenge = messageIn(options.challenge, 'CHALLENGE')
  const authenticate = messageIn(options.authenticate, 'AUTHENTICATE')
  const { serverChallenge } = readChallenge(challenge)
  const parsed = readAuthenticate(authenticate)
  const response = readNtResponse(parsed.ntResponse)
  const secret = secretOf(options)
  const baseKey = sessionBaseKey(parsed, response, serverChallenge, secret)
  wipe(secret)
  const about = { user: parsed.user, domain: parsed.domain, responseKind: kindOf(parsed, response) }
  if (baseKey === undefined) {
    const verdict: Verdict =
      response.kind === 'none' ? { result: 'absent', reason: 'an anonymous client' } : { result: 'invalid' }
    const reason = 'the key of the MIC follows from the right secret'
    return {
      ...about,
      response: verdict,
      mic: parsed.mic === undefined ? { result: 'absent' } : { result: 'unchecked', reason },
    }
  }
  const lmHash = options.password === undefined ? undefined : lmowfv1(options.password)
  const exportedKey = exportedSessionKey(parsed, response, { serverChallenge, baseKey, lmHash })
  wipe(lmHash)
  const mic = checkMic({ negotiate, challenge, authenticate, parsed, exportedKey })
  const keys =
    options.revealKeys === true && exportedKey !== undefined
      ? { sessionBaseKey: baseKey, exportedSessionKey: exportedKey }
      : undefined
  if (keys === undefined) {
    wipe(baseKey)
    wipe(exportedKey)
  }
  return { ...about, response: { result: 'valid' }, mic, keys }
}

/** The NTLM message of a kind that a token is, or has inside it. */
function messageIn(token: Uint8Array, kind: 'NEGOTIATE' | 'CHALLENGE' | 'AUTHENTICATE'): Uint8Array {
  const node = findMessage(decodeToken(token), `NTLM ${kind}`)
  if (node === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${kind}: the token is or holds no such NTLM message`)
  }
  // A copy in a plain array: the slice() of a Buffer of Node's would not copy.
  return new Uint8Array(token.subarray(node.offset, node.offset + node.length))
}

function findMessage(node: DecodedNode, name: string): DecodedNode | undefined {
  if (node.label === name || node.label.endsWith(`: ${name}`)) return node
  for (const child of node.children) {
    const found = findMessage(child, name)
    if (found !== undefined) return found
  }
  return undefined
}

function secretOf(secret: NtlmSecret): SecretBytes {
  if (secret.password !== undefined) return ntowfv1(secret.password)
  if (secret.ntHash.length !== 16) throw new TypeError(`ntHash: ${secret.ntHash.length} bytes, 16 expected`)
  return secretFrom(secret.ntHash)
}

function kindOf(parsed: AuthenticateMessage, response: NtResponse): NtlmCheck['responseKind'] {
  if (response.kind === 'none') return 'none'
  if (response.kind === 'v2') return 'NTLMv2'
  return isExtended(parsed) ? 'NTLMv1 with extended session security' : 'NTLMv1'
}

/** SessionBaseKey, MS-NLMP 3.3; `undefined` when the response does not prove the secret. */
function sessionBaseKey(
  parsed: AuthenticateMessage,
  response: NtResponse,
  serverChallenge: Uint8Array,
  ntHash: Uint8Array,
): SecretBytes | undefined {
  if (response.kind === 'none') return undefined
  if (response.kind === 'v1') {
    const nonce = parsed.lmResponse.subarray(0, 8)
    const challenge = isExtended(parsed) ? md5(serverChallenge, nonce).subarray(0, 8) : serverChallenge
    return constantTimeEqual(desl(ntHash, challenge), response.response) ? secretFrom(md4(ntHash)) : undefined
  }
  const responseKey = ntowfv2(ntHash, parsed.user, parsed.domain)
  const key = provesV2(responseKey, serverChallenge, response)
    ? sessionBaseKeyV2(responseKey, response.ntProofStr)
    : undefined
  wipe(responseKey)
  return key
}

/** ExportedSessionKey, MS-NLMP 3.1.5.1.2; `undefined` when it is made of the LM hash and there is none. */
function exportedSessionKey(
  parsed: AuthenticateMessage,
  response: NtResponse,
  known: {
    readonly serverChallenge: Uint8Array
    readonly baseKey: Uint8Array
    readonly lmHash: Uint8Array | undefined
  },
): SecretBytes | undefined {
  const { flags, lmResponse, encryptedRandomSessionKey } = parsed
  const { serverChallenge, baseKey, lmHash } = known
  const ntlmVersion = response.kind === 'v2' ? 2 : 1
  if (ntlmVersion === 1 && lmHash === undefined && !isExtended(parsed) && (flags & LM_KEYS) !== 0) return undefined
  const exchangeKey = keyExchangeKey({
    flags,
    ntlmVersion,
    sessionBaseKey: baseKey,
    lmResponse,
    serverChallenge,
    lmHash,
  })
  if ((flags & NegotiateFlag.NEGOTIATE_KEY_EXCH) === 0 || encryptedRandomSessionKey.length !== 16) return exchangeKey
  const rc4 = new Rc4(exchangeKey)
  const key = secretFrom(encryptedRandomSessionKey)
  rc4.apply(key)
  rc4.dispose()
  wipe(exchangeKey)
  return key
}

/** The flags that make the session key one of the LM hash, which an NT hash does not give. */
const LM_KEYS = NegotiateFlag.NEGOTIATE_LM_KEY | NegotiateFlag.REQUEST_NON_NT_SESSION_KEY

interface MicParts {
  readonly negotiate: Uint8Array | undefined
  readonly challenge: Uint8Array
  readonly authenticate: Uint8Array
  readonly parsed: AuthenticateMessage
  readonly exportedKey: Uint8Array | undefined
}

/** MS-NLMP 3.2.5.1.2. */
function checkMic({ negotiate, challenge, authenticate, parsed, exportedKey }: MicParts): Verdict {
  const { mic } = parsed
  const promised = micPromised(parsed.ntResponse)
  if (mic === undefined) {
    return promised ? { result: 'invalid', reason: 'promised by MsvAvFlags, and not there' } : { result: 'absent' }
  }
  if (negotiate === undefined) return { result: 'unchecked', reason: 'it covers the NEGOTIATE, which was not given' }
  if (exportedKey === undefined) {
    return { result: 'unchecked', reason: 'its key is made of the LM hash: give the password' }
  }
  const expected = messageIntegrityCode(exportedKey, negotiate, challenge, withoutMic(authenticate, parsed))
  if (constantTimeEqual(expected, mic)) return { result: 'valid' }
  // Clients that send no MIC may leave its place in the header filled with anything.
  return promised
    ? { result: 'invalid', reason: 'one of the three messages is not as it was sent' }
    : { result: 'absent', reason: 'MsvAvFlags does not say that these bytes are a MIC' }
}

function isExtended(parsed: AuthenticateMessage): boolean {
  return (parsed.flags & NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0
}
