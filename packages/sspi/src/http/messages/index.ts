export { readBasicCredentials, writeBasicChallenge, writeBasicCredentials } from './basic.js'
export { endPointBindings } from './end-point-bindings.js'
export { ORIGIN_FIELDS, PROXY_FIELDS, type AuthFields } from './fields.js'
export {
  parameterOf,
  readChallenges,
  readCredentials,
  readInfo,
  readTokenLeg,
  writeSchemeValue,
  writeTokenLeg,
  type AuthParameter,
  type SchemeValue,
} from './scheme-value.js'
