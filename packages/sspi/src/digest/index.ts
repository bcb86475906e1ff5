export { algorithmOf, findAlgorithm, type DigestAlgorithm, type DigestAlgorithmName } from './algorithms.js'
export type { CipherFacts, CipherName } from './ciphers.js'
export { ASC_REQ_HTTP, ISC_REQ_HTTP } from './constants.js'
export type { DigestForm, Qop } from './computations.js'
export { quote, readSchemes, type Directive, type SchemeDirectives } from './directives.js'
export { DigestCredential, type DigestSecret, type PasswordForms } from './credential.js'
export {
  readHttpChallenges,
  readHttpResponse,
  readSaslChallenge,
  readSaslResponse,
  readServerProof,
  splitChallenges,
  writeHttpChallenges,
  writeResponse,
  writeSaslChallenge,
  writeServerProof,
  type BoundDirectives,
  type ClaimedUser,
  type DigestResponse,
  type HttpChallenge,
  type SaslChallenge,
  type ServerProof,
} from './messages/index.js'
export type { DigestOptions } from './options.js'
export { digestPackage } from './package.js'
