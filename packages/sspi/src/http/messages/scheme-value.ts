import { fromBase64, oemEncode, toBase64 } from '../../bytes/index.js'
import { quote, readSchemes, type SchemeDirectives } from '../../digest/index.js'
import { SspiError } from '../../status/index.js'

// `auth-scheme [ 1*SP ( token68 / #auth-param ) ]`, RFC 9110 §11.3 and §11.4: the shape that challenges and credentials share.
// Texts are octets, one character for each byte, as Node has them in its header fields.

/** A parameter of a scheme. */
export interface AuthParameter {
  /** In lower case: names are compared without regard to it (RFC 9110 §11.2). */
  readonly name: string
  /** What is meant: without the quotes and backslashes of a quoted string. */
  readonly value: string
}

/** A scheme and what stands behind it: a server's challenge, or a client's credentials. */
export interface SchemeValue {
  /** In lower case: `negotiate`, `ntlm`, `digest`, `basic`, … */
  readonly scheme: string
  /** The token, where a token stands behind the name; `undefined` else. There are no parameters beside it. */
  readonly token68: string | undefined
  /** The parameters in their order; empty where there are none. */
  readonly parameters: readonly AuthParameter[]
}

/** The longest field that is read, in characters: room for the longest token of Negotiate in base64. */
export const MAX_FIELD_LENGTH = 131_072

/**
 * Reads the challenges of a response: the values of its WWW-Authenticate or Proxy-Authenticate fields, several in one field or each
 * in its own.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when one does not parse, or is too long.
 */
export function readChallenges(values: readonly string[], what = 'WWW-Authenticate'): readonly SchemeValue[] {
  return values.flatMap((value) => readField(value, what).map((found) => schemeValue(found, what)))
}

/**
 * Reads the value of an Authorization or Proxy-Authorization field: the credentials of one scheme.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse, is too long, or holds credentials of two: whoever reads the
 *   first and whoever reads the second would not agree on who the client is.
 */
export function readCredentials(value: string, what = 'Authorization'): SchemeValue {
  const [only, ...others] = readField(value, what)
  if (only === undefined || others.length > 0) throw malformed(what, 'not the credentials of one scheme')
  return schemeValue(only, what)
}

/**
 * Reads the parameters of Authentication-Info or Proxy-Authentication-Info, RFC 9110 §11.6.3: no scheme stands in front of them.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when they do not parse.
 */
export function readInfo(values: readonly string[], what = 'Authentication-Info'): readonly AuthParameter[] {
  return values.flatMap((value) =>
    readField(value, what).flatMap(({ scheme, directives }) => {
      if (scheme !== undefined) throw malformed(what, 'a scheme among the parameters')
      return parametersOf(directives)
    }),
  )
}

/**
 * Writes a challenge, or credentials: the value of a field of its own.
 *
 * @throws `SspiError` `SEC_E_CANNOT_PACK` when a name or a value holds what no field may, a line end for instance.
 */
export function writeSchemeValue(scheme: string, parameters: readonly AuthParameter[] = []): string {
  if (!TOKEN.test(scheme)) throw new SspiError('SEC_E_CANNOT_PACK', `'${scheme}' is no name of a scheme`)
  if (parameters.length === 0) return scheme
  const written = parameters.map(({ name, value }) => {
    if (TOKEN.test(name) && VALUE.test(value)) return `${name}=${quote(value)}`
    throw new SspiError('SEC_E_CANNOT_PACK', `${scheme}: ${name}: it holds what no header field may`)
  })
  return `${scheme} ${written.join(', ')}`
}

/** Writes a scheme with a token in base64: `Negotiate YII…`, in either direction. Without a token the name alone. */
export function writeTokenLeg(scheme: string, token: Uint8Array | undefined): string {
  return token === undefined || token.length === 0 ? scheme : `${scheme} ${toBase64(token)}`
}

/**
 * The token that a scheme carries in base64.
 *
 * @returns a new array; `undefined` where the scheme stands alone.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is no base64, or parameters stand in its place.
 */
export function readTokenLeg({ scheme, token68, parameters }: SchemeValue): Uint8Array | undefined {
  if (parameters.length > 0) throw malformed(scheme, 'parameters where a token in base64 is expected')
  return token68 === undefined ? undefined : fromBase64(token68, scheme)
}

/** The value of a parameter; `undefined` where it is not there. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is there twice. */
export function parameterOf(parameters: readonly AuthParameter[], name: string): string | undefined {
  const [first, second] = parameters.filter((each) => each.name === name)
  if (second !== undefined) throw malformed(name, 'it is there twice')
  return first?.value
}

/** What may stand in a name, RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** A scheme and its token, and nothing else: most fields are that, and the longest are. */
const ONE_TOKEN = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) +([0-9A-Za-z\-._~+/]+=*)$/
/** What may stand in a quoted string, RFC 9110 §5.6.4. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

function readField(value: string, what: string): readonly SchemeDirectives[] {
  if (value.length > MAX_FIELD_LENGTH) {
    throw malformed(what, `${value.length} characters, ${MAX_FIELD_LENGTH} allowed`)
  }
  const [, scheme, token68] = ONE_TOKEN.exec(value) ?? []
  if (scheme !== undefined) return [{ scheme: scheme.toLowerCase(), token68, directives: [] }]
  // Node gives one character for each byte; whoever gives others would have them read as something else.
  if (/[^\u0000-\u00ff]/.test(value)) throw malformed(what, 'a character that no byte stands for') // eslint-disable-line no-control-regex -- octets are all of these
  return readSchemes(oemEncode(value), what)
}

function schemeValue({ scheme, token68, directives }: SchemeDirectives, what: string): SchemeValue {
  if (scheme === undefined) throw malformed(what, 'parameters without a scheme in front of them')
  if (token68 !== undefined && directives.length > 0) throw malformed(what, `${scheme}: a token and parameters as well`)
  return { scheme, token68, parameters: parametersOf(directives) }
}

function parametersOf(directives: SchemeDirectives['directives']): readonly AuthParameter[] {
  return directives.map(({ name, value }) => ({ name, value }))
}

function malformed(what: string, why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${why}`)
}
