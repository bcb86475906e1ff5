export type { Expansions } from './expansions.js'
export {
  kerberosConfig,
  realmOfHost,
  type KerberosConfig,
  type KerberosConfigOptions,
  type RealmConfig,
} from './kerberos-config.js'
export { loadDefaultKrb5Conf, loadKrb5Conf, parseKrb5Conf, type DefaultKrb5ConfOptions } from './load.js'
export { readProfileFiles } from './profile-files.js'
export { parseProfile } from './profile-parser.js'
export { mergeProfiles, profileSection, profileValues, type ProfileSection } from './profile.js'
export { RELATIONS, SECTIONS, type Relation, type RelationSection } from './relations.js'
export { parseDuration } from './values.js'
