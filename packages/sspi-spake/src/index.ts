export { spakeGroups, spakeGroupsByName, type SpakeGroup, type SpakeRole } from './groups.js'
export { challengeTranscript, deriveSpakeKey, responseTranscript, spakeSecret, type SpakeKeyInput } from './keys.js'
export {
  chooseSpakeGroup,
  makeSpakeChallenge,
  openSpakeResponse,
  type SpakeChallengeOptions,
  type SpakeKdcChallenge,
  type SpakeKdcState,
  type SpakeResponseOptions,
} from './kdc.js'
export { spakePreauth, type SpakePreauthOptions } from './preauth.js'
