export { connect, secureClient, type ConnectOptions } from './client.js'
export type { SecureClientOptions, SecureServerOptions, StreamLimits } from './options.js'
export { SecureStream } from './secure-stream.js'
export {
  createServer,
  secureServer,
  type RemoteEnd,
  type SecureServer,
  type SecureServerEvents,
  type ServerOptions,
} from './server.js'
