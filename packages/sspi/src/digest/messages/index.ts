export {
  readHttpChallenges,
  readSaslChallenge,
  splitChallenges,
  writeHttpChallenges,
  writeSaslChallenge,
  type HttpChallenge,
  type SaslChallenge,
} from './challenge.js'
export {
  readHttpResponse,
  readSaslResponse,
  writeResponse,
  type BoundDirectives,
  type ClaimedUser,
  type DigestResponse,
} from './response.js'
export { readServerProof, writeServerProof, type ServerProof } from './server-proof.js'
