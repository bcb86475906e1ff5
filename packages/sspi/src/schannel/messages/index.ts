export { readCertificateAuthorities } from './certificate-request.js'
export { HandshakeStream, MAX_HANDSHAKE_MESSAGE, type HandshakeMessage } from './handshake-stream.js'
export {
  extensionData,
  ExtensionType,
  isRetryRandom,
  readClientHello,
  readProtocolNames,
  readServerHello,
  readServerName,
  type ClientHello,
  type Extension,
  type ServerHello,
} from './hello.js'
