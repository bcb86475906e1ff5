import { SspiError } from 'sspi'
import { encryptionProfiles, obtainTgt } from 'sspi/kerberos'
import { performEffects } from 'sspi/krb5'
import { timeText } from '../../kerberos/times.js'
import { findingsOf, type Findings } from '../finding.js'
import { adviseOnLogon } from '../kdc-advice.js'
import type { Chart } from '../surroundings.js'

const { ok, failed, skipped } = findingsOf('log-on')

/** Whether the client gets, or has, a ticket-granting ticket. */
export async function* checkLogon(chart: Chart): Findings {
  const { client, config, surroundings } = chart
  if (client === undefined || config === undefined) return yield skipped('there is nothing to log on with')
  const { principal, keys } = client.credential.outbound
  if (keys.kind !== 'none' && !chart.reached.has(principal.realm)) {
    return yield skipped(`no KDC of ${principal.realm} answers`)
  }
  try {
    const tgt = await performEffects(obtainTgt(client), surroundings.sender(config))
    const enctype = encryptionProfiles.get(tgt.sessionKey.enctype)?.names[0] ?? 'an unknown type'
    tgt.sessionKey.dispose()
    chart.loggedOn = true
    yield ok('logged-on', `a ticket-granting ticket with a key of ${enctype}, until ${timeText(tgt.endTime)}`)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    const { id, advice } = adviseOnLogon(error)
    yield failed(id, error.message, advice)
  }
}
