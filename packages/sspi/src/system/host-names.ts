import { hostname } from 'node:os'
import type { HostNames } from '../ntlm/index.js'

/**
 * The names of this machine as far as they can be told without asking the network: the NetBIOS name is the first label
 * of the host name, upper-case, at most 15 characters; the domain is the machine itself, as on a machine in no domain.
 */
export function localHostNames(): HostNames {
  const dnsName = hostname()
  const label = dnsName.split('.')[0] ?? ''
  const netbiosName = (label === '' ? 'LOCALHOST' : label).toUpperCase().slice(0, 15)
  const dnsDomain = dnsName.includes('.') ? dnsName.slice(dnsName.indexOf('.') + 1) : ''
  return { netbiosName, netbiosDomain: netbiosName, dnsName, dnsDomain }
}
