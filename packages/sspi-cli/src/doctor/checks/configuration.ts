import { SspiError } from 'sspi'
import { findingsOf, type Findings } from '../finding.js'
import type { Chart } from '../surroundings.js'

const { ok, warning, failed } = findingsOf('configuration')

/** The configuration: whether it can be read, and what of it has no effect. */
export async function* checkConfiguration(chart: Chart): Findings {
  try {
    chart.config = await chart.surroundings.loadConfig()
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    yield failed(
      'configuration-unreadable',
      error.message,
      'mend krb5.conf where it says, or let KRB5_CONFIG name another file',
    )
    return
  }
  const { config } = chart
  for (const text of config.warnings) {
    yield warning('configuration-ignored', text, 'take the line out, or mend it: it has no effect as it is')
  }
  if (config.insecureAllowRc4 || config.insecureAllowDes3) {
    yield warning(
      'weak-enctypes',
      'RC4 or triple DES are allowed, for every realm',
      'take allow_weak_crypto, allow_rc4 and allow_des3 out as soon as every account has AES keys',
    )
  }
  if (config.defaultRealm === undefined) {
    yield warning(
      'no-default-realm',
      'there is no default realm: names must have theirs',
      'set default_realm in [libdefaults] of krb5.conf; is there a krb5.conf at all? KRB5_CONFIG names it',
    )
  } else yield ok('configuration', `read; the default realm is ${config.defaultRealm}`)
  const lowered = [...config.realms.keys()].filter((realm) => realm !== realm.toUpperCase())
  for (const realm of lowered) {
    yield warning(
      'realm-in-lower-case',
      `[realms] has ${realm}, which is not in capitals`,
      `realms are compared with regard to case, and nearly all are in capitals: is it ${realm.toUpperCase()}?`,
    )
  }
}
