import { SspiError } from 'sspi'
import {
  encryptionProfiles,
  formatPrincipal,
  obtainServiceTicket,
  type KdcClient,
  type ServiceTicket,
} from 'sspi/kerberos'
import { performEffects, type KerberosConfig } from 'sspi/krb5'
import { timeText } from '../../kerberos/times.js'
import { findingsOf, type Findings } from '../finding.js'
import { adviseOnService } from '../kdc-advice.js'
import type { Chart } from '../surroundings.js'

const { ok, warning, failed, skipped } = findingsOf('service ticket')

/** Whether the KDC makes a ticket for the service; where it does not know it, whether it knows it by another name. */
export async function* checkServiceTicket(chart: Chart): Findings {
  const { client, config, service, complaint } = chart
  if (client === undefined || config === undefined || chart.loggedOn !== true) {
    return yield skipped('nobody has logged on')
  }
  if (service === undefined) return yield skipped('the target is no name of a service')
  try {
    const ticket = await obtain(chart, client, config, complaint.target)
    chart.ticket = ticket
    const { etype, kvno } = ticket.ticket.encPart
    const profile = encryptionProfiles.get(etype)
    const version = kvno === undefined ? '' : `, version ${kvno} of its key`
    const what = `${formatPrincipal(ticket.server)} under ${profile?.names[0] ?? `etype ${etype}`}${version}, until ${timeText(ticket.endTime)}`
    if (profile?.weak !== true) yield ok('service-ticket', what)
    else yield warning('service-key-weak', what, "give the service's account AES keys, and export the keytab again")
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    const { id, advice } = adviseOnService(error)
    const other = id === 'service-unknown' ? await otherName(chart, client, config) : undefined
    yield other === undefined
      ? failed(id, error.message, advice)
      : failed(
          'service-by-other-name',
          error.message,
          `the KDC knows ${other}: use that name, or register the other one too`,
        )
  }
}

async function obtain(
  chart: Chart,
  client: KdcClient,
  config: KerberosConfig,
  targetName: string,
): Promise<ServiceTicket> {
  return performEffects(obtainServiceTicket({ ...client, targetName }), chart.surroundings.sender(config))
}

/** A name that people mean when they write the one that is unknown, and that the KDC does know. */
async function otherName(chart: Chart, client: KdcClient, config: KerberosConfig): Promise<string | undefined> {
  for (const targetName of similarNames(chart)) {
    try {
      const ticket = await obtain(chart, client, config, targetName)
      ticket.sessionKey.dispose()
      return targetName
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
    }
  }
  return undefined
}

function similarNames({ complaint, service, client, config }: Chart): readonly string[] {
  const [type = '', host = ''] = service?.name.nameString ?? []
  const bare = host.replace(/:\d+$/, '')
  const realm = service?.realm ?? client?.credential.outbound.principal.realm ?? config?.defaultRealm
  const whole = bare.includes('.') || realm === undefined ? [] : [`${bare}.${realm.toLowerCase()}`]
  const short = bare.includes('.') ? [bare.slice(0, bare.indexOf('.'))] : []
  const hosts = [bare, bare.toLowerCase(), ...whole, ...short]
  const types = [
    type,
    type.toUpperCase(),
    type.toLowerCase(),
    ...(type.toLowerCase() === 'https' ? ['HTTP'] : []),
    'host',
  ]
  const names = types.flatMap((each) => hosts.map((name) => `${each}/${name}`))
  return [...new Set(names)].filter((name) => name !== complaint.target)
}
