import type { Socket } from 'node:net'
import { saysYes, type ChannelBindings, type Policy } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { bindingsOfConnection } from './channel.js'
import type { HttpServerRequest, HttpServerResponse } from './node-messages.js'
import type { HttpServerSettings } from './options.js'

/** What is known of a request before anybody has looked at its credentials. */
export interface RequestFacts {
  readonly request: HttpServerRequest
  readonly response: HttpServerResponse
  /** Of HTTP/1: the connection, to which log-ons may be bound. HTTP/2 binds nothing to its connections. */
  readonly socket: Socket | undefined
  /** Whether it came over TLS, as far as anybody has said. */
  readonly secure: boolean
  /** Whether it says itself that it came through a proxy, whose connections are shared. */
  readonly proxied: boolean
  readonly address: string
  readonly method: string
  /** The request's target as the client wrote it. */
  readonly uri: string
  /** The server's name and port as the client wrote them, in lower case. */
  readonly host: string
  readonly channelBindings: ChannelBindings | undefined
  readonly policy: Policy
}

/** The fields by which proxies say that they were there. */
const PROXY_FIELDS = ['via', 'forwarded', 'x-forwarded-for'] as const

/**
 * Looks at a request.
 *
 * @param uri - The target as the client wrote it, where a framework has changed `request.url`.
 * @throws {@link SspiError} `SEC_E_BAD_BINDINGS` when extended protection is required, and there is nothing to compare.
 */
export function requestFacts(
  request: HttpServerRequest,
  response: HttpServerResponse,
  settings: HttpServerSettings,
  uri: string | undefined,
): RequestFacts {
  const { headers, socket } = request
  const { isSecure } = settings
  const encrypted = (socket as { encrypted?: boolean }).encrypted === true
  const secure = isSecure === undefined ? encrypted : saysYes('HTTP: isSecure', () => isSecure(request))
  const channelBindings = bindingsOf(request, settings)
  return {
    request,
    response,
    socket: request.httpVersionMajor < 2 ? socket : undefined,
    secure,
    proxied: PROXY_FIELDS.some((name) => headers[name] !== undefined),
    address: settings.addressOf?.(request) ?? socket.remoteAddress ?? '',
    method: request.method ?? '',
    uri: uri ?? originalUrl(request) ?? request.url ?? '',
    host: (textOf(headers[':authority']) ?? headers.host ?? '').toLowerCase(),
    channelBindings,
    policy: policyOf(settings, channelBindings, socket.localPort),
  }
}

/** Express and others like it keep the target here, and take from `url` where their routes are mounted. */
function originalUrl(request: object): string | undefined {
  return 'originalUrl' in request && typeof request.originalUrl === 'string' ? request.originalUrl : undefined
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function bindingsOf(request: HttpServerRequest, settings: HttpServerSettings): ChannelBindings | undefined {
  if (settings.extendedProtection === 'none') return undefined
  return settings.channelBindings === undefined ? bindingsOfConnection(request) : settings.channelBindings(request)
}

/** What packages are to demand, as `extendedProtection` and `targetNames` say. */
function policyOf(
  { extendedProtection, targetNames }: HttpServerSettings,
  bindings: ChannelBindings | undefined,
  port: number | undefined,
): Policy {
  if (extendedProtection === 'none') {
    return { channelBindings: 'none', targetNames: undefined, targetNameRequired: false }
  }
  const names = targetNames?.flatMap((name) => [name, ...(port === undefined ? [] : [`${name}:${port}`])])
  if (extendedProtection === 'supported') {
    return { channelBindings: 'supported', targetNames: names, targetNameRequired: false }
  }
  if (bindings !== undefined) {
    return { channelBindings: 'required', targetNames: names, targetNameRequired: false }
  }
  if (names === undefined) {
    throw new SspiError(
      'SEC_E_BAD_BINDINGS',
      'HTTP: extended protection is required: without TLS, `targetNames` must say what clients may call this server',
    )
  }
  return { channelBindings: 'none', targetNames: names, targetNameRequired: true }
}
