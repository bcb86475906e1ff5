import { decodeAscii, encodeUtf8 } from '../bytes/index.js'
import { tsCredentials, tsRequest } from './credssp.js'
import { digestToken } from './digest.js'
import { gssToken } from './gss.js'
import { ccacheFile, keytabFile } from './kerberos-files.js'
import { kerberosMessage } from './kerberos-messages.js'
import { cfxToken, framedMessage, kdcProxyMessage, passwordMessage } from './kerberos-tokens.js'
import { Keyring } from './keyring.js'
import { negoexMessages } from './negoex.js'
import type { DecodedNode, TokenDecoder } from './node.js'
import { ntlmMessage, ntlmSignature } from './ntlm.js'
import { pacToken } from './pac.js'
import { createScope, decodeBy } from './scope.js'
import { spnegoToken } from './spnego.js'
import { findTokens, type FoundToken } from './token-text.js'
import { tlsHandshake, tlsRecords } from './tls.js'
import { isText } from './unknown.js'

/** The kinds of token that are known. The first that recognises a token decodes it. */
export const decoders: readonly TokenDecoder[] = [
  ntlmMessage,
  gssToken,
  spnegoToken,
  negoexMessages,
  kerberosMessage,
  cfxToken,
  keytabFile,
  ccacheFile,
  passwordMessage,
  framedMessage,
  kdcProxyMessage,
  tsRequest,
  tsCredentials,
  tlsRecords,
  pacToken,
  ntlmSignature,
  digestToken,
  tlsHandshake,
]

/** Options of {@link decodeToken} and {@link readTokens}. */
export interface DecodeOptions {
  /** Further kinds of token, asked before the built-in ones. Default: none. */
  readonly decoders?: readonly TokenDecoder[] | undefined
  /** Keys to open encrypted parts with; what is found in them is added. Stays the caller's. Default: none. */
  readonly keyring?: Keyring | undefined
}

/**
 * Takes a token apart: NTLM messages and signatures; Kerberos messages, tokens of its GSS mechanism, PACs, credential caches
 * and keytabs; SPNEGO with the tokens inside it; GSS-framed or raw; Digest; records and handshake messages of TLS; CredSSP's
 * TSRequests. What nobody recognises is described by what it looks like, with a hexdump. Malformed parts become nodes with an
 * `error`, and everything around them is shown all the same.
 *
 * @param token - The bytes; or text with the token in it, as {@link readTokens} reads it, of which the first one counts.
 * @returns A tree of plain values. Offsets count from the start of the token, not of the text around it.
 */
export function decodeToken(token: Uint8Array | string, options: DecodeOptions = {}): DecodedNode {
  const table = tableOf(options)
  const bytes = readTokens(token, options)[0]?.bytes ?? (typeof token === 'string' ? encodeText(token) : token)
  return decodeBy(bytes, table, createScope(bytes, table, options.keyring ?? new Keyring()))
}

/**
 * The tokens in a piece of input, undecoded: bytes that a decoder recognises are one token as they are; text is
 * searched for header lines (`Authorization: NTLM …`, all of an HTTP trace), hexadecimal digits or base64.
 *
 * @returns The tokens in their order. Bytes that are neither a known token nor text are one token; text without any
 *   token gives none.
 */
export function readTokens(input: Uint8Array | string, options: DecodeOptions = {}): readonly FoundToken[] {
  const table = tableOf(options)
  const recognised = (bytes: Uint8Array): boolean => table.some((decoder) => decoder.recognises(bytes))
  if (typeof input === 'string') return findTokens(input, recognised)
  // A Buffer of Node's is taken as the plain array that it extends: its slice() would not copy.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.length)
  if (recognised(bytes) || !isText(bytes)) return [{ form: 'binary', header: undefined, bytes }]
  return findTokens(decodeAscii(bytes, 'text'), recognised)
}

/** Every error in a tree with the path to it: `SPNEGO NegTokenInit / mechToken / …`. Empty for a sound token. */
export function decodingErrors(node: DecodedNode): readonly { readonly path: string; readonly error: string }[] {
  const below = node.children
    .flatMap(decodingErrors)
    .map(({ path, error }) => ({ path: `${node.label} / ${path}`, error }))
  return node.error === undefined ? below : [{ path: node.label, error: node.error }, ...below]
}

function tableOf(options: DecodeOptions): readonly TokenDecoder[] {
  return [...(options.decoders ?? []), ...decoders]
}

/** Text that holds no token is shown like any other bytes; a surrogate without its half as a question mark. */
function encodeText(text: string): Uint8Array {
  return encodeUtf8(text.replace(/\p{Surrogate}/gu, '?'))
}
