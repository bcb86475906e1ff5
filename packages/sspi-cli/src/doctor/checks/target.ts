import { isIP } from 'node:net'
import { SspiError } from 'sspi'
import { formatName, readKerberosOptions, targetPrincipal } from 'sspi/kerberos'
import { findingsOf, type Findings } from '../finding.js'
import type { Chart } from '../surroundings.js'

const { ok, warning, failed, skipped } = findingsOf('target')

/** The service's name: whether it is one, whether its host exists, and which realm it is in. */
export async function* checkTarget(chart: Chart): Findings {
  const { config, complaint, surroundings } = chart
  if (config === undefined) return yield skipped('without a configuration no name can be read')
  try {
    chart.service = targetPrincipal(complaint.target, readKerberosOptions(config))
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return yield failed('target-malformed', error.message, 'write service/host.example.com, as in HTTP/www.example.com')
  }
  const { name, realm } = chart.service
  const [service = '', host] = name.nameString
  if (host === undefined) {
    return yield ok('target', `${formatName(name)} is no host's service, but a user`)
  }
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) {
    yield failed(
      'target-is-address',
      `${host} is an address: tickets are for names`,
      `take the name under which the service is registered, ${service}/host.example.com`,
    )
    return
  }
  if (/:\d+$/.test(host)) {
    yield warning(
      'target-has-port',
      `the name has a port in it (${host})`,
      `most services are registered without one: try ${service}/${host.replace(/:\d+$/, '')}`,
    )
  }
  const bare = host.replace(/:\d+$/, '')
  if (!bare.includes('.') && bare !== 'localhost') {
    yield warning(
      'target-is-short',
      `${bare} has no domain`,
      'services are registered by their whole name, host.example.com: take that, or set qualify_shortname',
    )
  }
  try {
    const addresses = await surroundings.resolver.lookup(bare)
    yield ok('target-resolves', `${bare} is ${addresses.map(({ address }) => address).join(', ')}`)
  } catch {
    yield warning(
      'target-does-not-resolve',
      `no host is called ${bare} in DNS`,
      'check the spelling; the ticket can be had all the same, but the service cannot be reached by this name',
    )
  }
  yield ok(
    'target',
    realm === undefined ? `${formatName(name)}; the KDC says where it is` : `${formatName(name)} in ${realm}`,
  )
}
