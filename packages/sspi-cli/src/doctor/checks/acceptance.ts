import { initSecurityInterface, keytabCredential, SspiError, ticketCacheCredential } from 'sspi'
import { formatPrincipal, writeKeytab } from 'sspi/kerberos'
import { wipeKeytab } from '../../kerberos/wipe-files.js'
import { findingsOf, type Findings } from '../finding.js'
import type { Chart } from '../surroundings.js'

const { ok, failed, skipped } = findingsOf('acceptance')

/** The whole exchange, with the service's side played here. */
export async function* checkAcceptance(chart: Chart): Findings {
  const { client, config, complaint, surroundings, ticket } = chart
  const { serviceKeytab } = complaint
  if (client === undefined || config === undefined || ticket === undefined) return yield skipped('there is no ticket')
  if (serviceKeytab === undefined || chart.opened !== true) return yield skipped('the service has no key for it here')
  const target = formatPrincipal(ticket.server)
  const now = (): Date => surroundings.now()
  const sspi = initSecurityInterface({ krb5: config, kdc: surroundings.sender(config), now })
  const cache = client.credential.outbound.store.toCcache()
  const keytab = await surroundings.loadKeytab(serviceKeytab)
  const bytes = writeKeytab(keytab)
  wipeKeytab(keytab)
  using initiator = sspi.initiate({ package: 'Kerberos', target, credentials: ticketCacheCredential({ cache }) })
  using acceptor = sspi.accept({ package: 'Kerberos', credentials: keytabCredential({ keytab: bytes }) })
  try {
    let { token } = await initiator.step()
    while (token !== undefined) {
      token = (await acceptor.step(token)).token
      if (token !== undefined) token = (await initiator.step(token)).token
    }
    using session = acceptor.session
    initiator.session[Symbol.dispose]()
    yield ok('accepted', `a server with this keytab would let ${session.peer?.name ?? 'the client'} in`)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    yield failed(
      error.code === 'SEC_E_TIME_SKEW' ? 'clock-refused' : 'not-accepted',
      error.message,
      error.code === 'SEC_E_TIME_SKEW'
        ? 'set the clock of this machine: a server here refuses everybody by it'
        : 'the message says what the server does not like',
    )
  } finally {
    cache.fill(0)
    bytes.fill(0)
  }
}
