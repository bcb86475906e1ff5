export { readCertificateRequest, type CertificateRequest } from './certificate-request.js'
export { HandshakeStream, MAX_HANDSHAKE_MESSAGE, type HandshakeMessage } from './handshake-stream.js'
export {
  extensionData,
  ExtensionType,
  isRetryRandom,
  readClientHello,
  readEncryptedExtensions,
  readProtocolNames,
  readServerHello,
  readServerName,
  readSignatures,
  type ClientHello,
  type Extension,
  type ServerHello,
} from './hello.js'
