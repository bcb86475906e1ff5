import { dateToFileTime } from '../../bytes/index.js'
import { identityFrom, type ClaimOrigin, type Identity } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { formatName, type Principal } from '../principals.js'
import { printable } from '../printable.js'
import { GroupAttribute, LogonUserFlag, readLogonInfo, type LogonInfo } from './logon-info.js'
import { readClientInfo, readUpnDnsInfo, readWholeSid, type UpnDnsInfo } from './names.js'
import { pacBuffer, PacBufferType, type Pac } from './pac.js'
import { uncheckedSignatures, type VerifiedPac } from './signatures.js'

/** What a ticket itself says of its client. */
export interface TicketClient {
  readonly client: Principal
  /** When it authenticated to its KDC first. */
  readonly authTime: Date
}

/** The client as the ticket alone names it: it came encrypted under the service's key. */
export function ticketIdentity({ name, realm }: Principal): Identity {
  const plain = { name: formatName(name), domain: realm, sid: undefined, groups: [], source: 'verified' } as const
  return identityFrom(plain, 'ticket', 'sealed')
}

/**
 * The client as its ticket and a PAC say, whose server signature was checked.
 *
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED` when the PAC is another client's or log-on's, or contradicts itself;
 *   `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function pacIdentity(pac: VerifiedPac, ticket: TicketClient): Identity {
  checkClient(pac, ticket)
  const logon = read(pac, PacBufferType.LOGON_INFO, readLogonInfo)
  const names = read(pac, PacBufferType.UPN_DNS_INFO, readUpnDnsInfo)
  const sid = userSid(pac, logon, names)
  const groups = logon === undefined ? [] : groupSids(logon, sid)
  const userPrincipalName = names === undefined || names.upn === '' ? undefined : names.upn
  const accountName = accountNameOf(logon)
  const origin: ClaimOrigin = { source: 'pac', integrity: 'signed', unchecked: uncheckedSignatures(pac) }
  const plain = ticketIdentity(ticket.client)
  return {
    ...plain,
    sid,
    groups,
    ...(userPrincipalName === undefined ? {} : { userPrincipalName }),
    ...(accountName === undefined ? {} : { accountName }),
    origins: {
      name: plain.origins!.name,
      userPrincipalName: userPrincipalName === undefined ? undefined : origin,
      accountName: accountName === undefined ? undefined : origin,
      sid: sid === undefined ? undefined : origin,
      groups: groups.length === 0 ? undefined : origin,
    },
  }
}

/** MS-PAC 2.7: the name and the time of the ticket. A PAC of another ticket would make its holder somebody else. */
function checkClient(pac: Pac, { client, authTime }: TicketClient): void {
  const info = read(pac, PacBufferType.CLIENT_INFO, readClientInfo)
  if (info === undefined) throw denied('it does not say whose it is: PAC_CLIENT_INFO is missing')
  const plain = client.name.nameString.join('/')
  const names = [plain, formatName(client.name), `${plain}@${client.realm}`]
  if (!names.includes(info.name)) {
    throw denied(`it is of '${printable(info.name)}', and the ticket is of ${formatName(client.name)}`)
  }
  if (info.clientId !== dateToFileTime(authTime)) {
    throw denied(`it is of another log-on than the ticket, which has authtime ${authTime.toISOString()}`)
  }
}

/** The user's own identifier, on which all that name it must agree. */
function userSid(pac: Pac, logon: LogonInfo | undefined, names: UpnDnsInfo | undefined): string | undefined {
  const requestor = read(pac, PacBufferType.REQUESTOR, readWholeSid)
  const said = [logon && logonSid(logon), names?.sid, requestor].filter((sid) => sid !== undefined)
  const [sid] = said
  if (said.some((other) => other !== sid)) throw denied(`it names several users: ${said.join(', ')}`)
  return sid
}

/** MS-PAC 2.5: where the user has no number in the domain, its identifier is the first of the extra ones. */
function logonSid({ logonDomainId, userId, extraSids }: LogonInfo): string | undefined {
  if (userId === 0) return extraSids[0]?.sid
  return logonDomainId === undefined ? undefined : `${logonDomainId}-${userId}`
}

/** Every group that is enabled, once; of the lists that the flags say count. */
function groupSids(logon: LogonInfo, user: string | undefined): readonly string[] {
  const { logonDomainId, primaryGroupId, groupIds, userFlags, extraSids } = logon
  const { resourceGroupDomainSid, resourceGroupIds } = logon
  const has = (flag: number): boolean => (userFlags & flag) !== 0
  const enabled = ({ attributes }: { readonly attributes: number }): boolean =>
    (attributes & GroupAttribute.ENABLED) !== 0
  const inDomain = (domain: string | undefined, relativeId: number): readonly string[] =>
    domain === undefined ? [] : [`${domain}-${relativeId}`]
  const groups = [
    ...inDomain(logonDomainId, primaryGroupId),
    ...groupIds.filter(enabled).flatMap(({ relativeId }) => inDomain(logonDomainId, relativeId)),
    ...(has(LogonUserFlag.EXTRA_SIDS) ? extraSids.filter(enabled).map(({ sid }) => sid) : []),
    ...(has(LogonUserFlag.RESOURCE_GROUPS)
      ? resourceGroupIds.filter(enabled).flatMap(({ relativeId }) => inDomain(resourceGroupDomainSid, relativeId))
      : []),
  ]
  return [...new Set(groups)].filter((group) => group !== user)
}

function accountNameOf(logon: LogonInfo | undefined): string | undefined {
  if (logon === undefined || logon.effectiveName === '' || logon.logonDomainName === '') return undefined
  return `${logon.logonDomainName}\\${logon.effectiveName}`
}

function read<T>(pac: Pac, type: number, reader: (bytes: Uint8Array) => T): T | undefined {
  const buffer = pacBuffer(pac, type)
  return buffer === undefined ? undefined : reader(buffer.bytes)
}

function denied(why: string): SspiError {
  return new SspiError('SEC_E_LOGON_DENIED', `PAC: ${why}`)
}
