import { checkAcceptance } from './checks/acceptance.js'
import { checkClock } from './checks/clock.js'
import { checkConfiguration } from './checks/configuration.js'
import { checkCredentials } from './checks/credentials.js'
import { checkKdcs } from './checks/kdcs.js'
import { checkKeytab } from './checks/keytab.js'
import { checkLogon } from './checks/log-on.js'
import { checkServiceTicket } from './checks/service-ticket.js'
import { checkTarget } from './checks/target.js'
import type { Findings } from './finding.js'
import type { Chart, Complaint, Surroundings } from './surroundings.js'

/**
 * Examines why a service cannot be reached with Kerberos, from the configuration to the service's keytab: what works, what does
 * not, and what to do. It goes on behind a failure as far as there is something to go on with.
 */
export async function* examine(complaint: Complaint, surroundings: Surroundings): Findings {
  const chart: Chart = { surroundings, complaint, reached: new Set() }
  try {
    yield* checkConfiguration(chart)
    yield* checkTarget(chart)
    // Who the client is says which KDCs to look for.
    yield* checkCredentials(chart)
    yield* checkKdcs(chart)
    yield* checkClock(chart)
    yield* checkLogon(chart)
    yield* checkServiceTicket(chart)
    yield* checkKeytab(chart)
    yield* checkAcceptance(chart)
  } finally {
    chart.ticket?.sessionKey.dispose()
    chart.client?.credential.dispose()
  }
}
