import {
  encodeDer,
  Enctype,
  PaDataType,
  writeEtypeInfo,
  writeEtypeInfo2,
  type EtypeInfo2Entry,
  type PaData,
} from '../../kerberos/index.js'
import type { PrincipalKey } from '../principal-entry.js'

/** What there was before ETYPE-INFO2: only clients that know nothing newer are sent the older hints. */
const OLD_ENCTYPES: ReadonlySet<number> = new Set([Enctype.DES3_CBC_SHA1_KD, Enctype.RC4_HMAC, Enctype.RC4_HMAC_EXP])

/** DES, which is nobody's here but in lists of old clients. */
const isOld = (etype: number): boolean => etype < Enctype.DES3_CBC_SHA1_KD || OLD_ENCTYPES.has(etype)

/** How the client makes its keys of the password: RFC 4120 section 5.2.7.5, ETYPE-INFO2 and where it is wanted ETYPE-INFO. */
export function keyInfo(keys: readonly PrincipalKey[], etypes: readonly number[]): readonly PaData[] {
  const padata = [etypeInfo2(keys)]
  // "MUST NOT" otherwise.
  if (etypes.every(isOld)) {
    const entries = keys.map(({ key, salt }) => ({ etype: key.enctype, salt }))
    padata.push({ padataType: PaDataType.PA_ETYPE_INFO, padataValue: encodeDer(entries, writeEtypeInfo) })
  }
  return padata
}

/** The one entry of a reply: how the key was made that it is encrypted in. */
export function replyKeyInfo(key: PrincipalKey): PaData {
  return etypeInfo2([key])
}

function etypeInfo2(keys: readonly PrincipalKey[]): PaData {
  const entries: EtypeInfo2Entry[] = keys.map(({ key, salt, s2kparams }) => ({ etype: key.enctype, salt, s2kparams }))
  return { padataType: PaDataType.PA_ETYPE_INFO2, padataValue: encodeDer(entries, writeEtypeInfo2) }
}
