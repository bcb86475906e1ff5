export {
  MIC_LENGTH,
  readAuthenticate,
  withoutMic,
  writeAuthenticate,
  type AuthenticateMessage,
} from './authenticate.js'
export { readChallenge, writeChallenge, type ChallengeMessage } from './challenge.js'
export { readNegotiate, writeNegotiate, type NegotiateMessage } from './negotiate.js'
export { readVersion, VERSION_LENGTH, writeVersion, type Version } from './version.js'
