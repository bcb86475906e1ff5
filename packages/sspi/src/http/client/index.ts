export type { AuthenticatingAgents } from './agents.js'
export type { BodyStream, HttpBody } from './body.js'
export { createClient, type HttpClient } from './client.js'
export type { AuthenticatingDispatcher, DispatchHandler, DispatchOptions } from './dispatcher.js'
export type { AuthenticatingFetch, FetchInit } from './fetch.js'
export type {
  HttpClientLimits,
  HttpClientOptions,
  HttpCredentials,
  HttpLeg,
  HttpSecurity,
  HttpScheme,
  HttpTimeouts,
  ProxyOptions,
  ServiceName,
  TargetNameOptions,
  TlsOptions,
} from './options.js'
export type { Authenticated, HttpAuthentication } from './party.js'
export { authenticationOf, type HttpAuthentications } from './web-response.js'
