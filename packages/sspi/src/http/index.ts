// HTTP that authenticates itself: messages, which clients and servers share.

export {
  ORIGIN_FIELDS,
  parameterOf,
  PROXY_FIELDS,
  readBasicCredentials,
  readChallenges,
  readCredentials,
  readInfo,
  readTokenLeg,
  writeBasicChallenge,
  writeBasicCredentials,
  writeSchemeValue,
  writeTokenLeg,
  type AuthFields,
  type AuthParameter,
  type SchemeValue,
} from './messages/index.js'
