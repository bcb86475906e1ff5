import { SspiError } from 'sspi'
import {
  encryptionProfiles,
  formatName,
  formatPrincipal,
  KeyUsage,
  sameName,
  type KeyTable,
  type ServiceTicket,
} from 'sspi/kerberos'
import { keyTableOf } from '../../kerberos/keytabs.js'
import { wipeKeytab } from '../../kerberos/wipe-files.js'
import { findingsOf, type Finding, type Findings } from '../finding.js'
import type { Chart } from '../surroundings.js'

const { ok, failed, skipped } = findingsOf('keytab')

/** Whether the service has the key that the ticket is under. */
export async function* checkKeytab(chart: Chart): Findings {
  const { serviceKeytab: name } = chart.complaint
  if (name === undefined) return yield skipped("the service's keytab was not named (--server-keytab)")
  let keys: KeyTable
  try {
    const keytab = await chart.surroundings.loadKeytab(name)
    keys = keyTableOf(keytab.entries)
    wipeKeytab(keytab)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return yield failed(
      'keytab-unreadable',
      error.message,
      'check the path, and who may read the file: the service must, and nobody else',
    )
  }
  try {
    yield* checkKeys(chart, name, keys)
  } finally {
    keys.dispose()
  }
}

async function* checkKeys(chart: Chart, file: string, keys: KeyTable): Findings {
  const { ticket } = chart
  if (ticket === undefined) return yield skipped('there is no ticket to try its keys with')
  const finding = judge(file, keys, ticket)
  chart.opened = finding.verdict === 'ok'
  yield finding
}

function judge(file: string, keys: KeyTable, { server, ticket }: ServiceTicket): Finding {
  const { etype, kvno, cipher } = ticket.encPart
  const service = formatPrincipal(server)
  const own = keys.find({ principal: server })
  if (own.length === 0) return withoutPrincipal(file, keys, server)
  const type = encryptionProfiles.get(etype)?.names[0] ?? `etype ${etype}`
  const ofType = own.filter(({ key }) => key.enctype === etype)
  if (ofType.length === 0) {
    return failed(
      'keytab-without-enctype',
      `${file} has no key of ${type} for ${service}, under which the ticket is`,
      'export the keytab again, with every encryption type that the account has',
    )
  }
  const opens = ofType.find(({ key }) => {
    try {
      key.decrypt(KeyUsage.KDC_REP_TICKET, cipher).fill(0)
      return true
    } catch {
      return false
    }
  })
  if (opens !== undefined) return ok('keytab-opens', `${file} opens the ticket with version ${opens.kvno} of its key`)
  const versions = [...new Set(ofType.map((key) => key.kvno))].join(', ')
  if (kvno !== undefined && !ofType.some((key) => key.kvno === kvno)) {
    return failed(
      'keytab-old',
      `the ticket is under version ${kvno} of the key of ${service}; ${file} has ${versions}`,
      "the service's password was changed after the keytab was made: export it again, and restart the service",
    )
  }
  return failed(
    'keytab-wrong-key',
    `${file} has version ${versions} of the key of ${service}, but it does not open the ticket`,
    'the keytab was made of another password, or with another salt, than the account has: export it from the KDC again',
  )
}

function withoutPrincipal(file: string, keys: KeyTable, server: ServiceTicket['server']): Finding {
  const names = [...new Set(keys.keys.map(({ principal }) => formatPrincipal(principal)))]
  const what = `${file} has no key of ${formatPrincipal(server)}; it has those of ${names.join(', ') || 'nobody'}`
  const cased = keys.keys.find(
    ({ principal }) => formatPrincipal(principal).toLowerCase() === formatPrincipal(server).toLowerCase(),
  )
  if (cased !== undefined) {
    return failed(
      'keytab-principal-case',
      what,
      'names are compared with regard to case: export it under the right one',
    )
  }
  const elsewhere = keys.keys.find(({ principal }) => sameName(principal.name, server.name))
  if (elsewhere !== undefined) {
    return failed(
      'keytab-other-realm',
      what,
      `the keytab is of another realm: export ${formatName(server.name)} from ${server.realm}`,
    )
  }
  return failed('keytab-without-principal', what, 'export the key of this service: ktpass on Windows, ktadd at MIT')
}
