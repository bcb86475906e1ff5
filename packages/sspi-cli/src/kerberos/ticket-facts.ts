import {
  decodeDer,
  encryptionProfileByName,
  encryptionProfiles,
  readTicket,
  TicketFlag,
  type CcacheCredential,
  type ServiceTicket,
  type Ticket,
} from 'sspi/kerberos'
import { InvalidArgumentError } from 'commander'

/** The letters of `klist -f`, in MIT's order. */
const FLAG_LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [TicketFlag.FORWARDABLE, 'F'],
  [TicketFlag.FORWARDED, 'f'],
  [TicketFlag.PROXIABLE, 'P'],
  [TicketFlag.PROXY, 'p'],
  [TicketFlag.MAY_POSTDATE, 'D'],
  [TicketFlag.POSTDATED, 'd'],
  [TicketFlag.INVALID, 'i'],
  [TicketFlag.RENEWABLE, 'R'],
  [TicketFlag.INITIAL, 'I'],
  [TicketFlag.HW_AUTHENT, 'H'],
  [TicketFlag.PRE_AUTHENT, 'A'],
  [TicketFlag.TRANSITED_POLICY_CHECKED, 'T'],
  [TicketFlag.OK_AS_DELEGATE, 'O'],
  [TicketFlag.ANONYMOUS, 'a'],
]

/** The flags of a ticket as letters: `FRIA`. */
export function flagLetters(flags: number): string {
  return FLAG_LETTERS.filter(([flag]) => (flags & flag) !== 0)
    .map(([, letter]) => letter)
    .join('')
}

/** The flags of a ticket by name: `['FORWARDABLE', …]`. */
export function flagNames(flags: number): readonly string[] {
  return Object.entries(TicketFlag)
    .filter(([, flag]) => (flags & flag) !== 0)
    .map(([name]) => name)
}

/** The name of an encryption type, `DEPRECATED:` before a weak one as MIT has it. */
export function enctypeName(enctype: number): string {
  const profile = encryptionProfiles.get(enctype)
  if (profile === undefined) return `etype ${enctype}`
  return profile.weak ? `DEPRECATED:${profile.names[0]}` : profile.names[0]
}

/** An encryption type of the command line, by one of its names. */
export function enctypeArgument(text: string): number {
  const profile = encryptionProfileByName(text)
  if (profile !== undefined) return profile.enctype
  const names = [...encryptionProfiles.values()].map((each) => each.names[0])
  throw new InvalidArgumentError(`An encryption type expected: ${names.join(', ')}.`)
}

/** The ticket of a cache's entry; `undefined` where it is none, as for configuration. */
export function ticketOf({ ticket }: Pick<CcacheCredential, 'ticket'>): Ticket | undefined {
  try {
    return decodeDer(new Uint8Array(ticket), readTicket)
  } catch {
    return undefined
  }
}

/** What `--json` says of a ticket. */
export function ticketJson(ticket: ServiceTicket): object {
  return {
    flags: flagNames(ticket.flags),
    startTime: ticket.startTime.toISOString(),
    endTime: ticket.endTime.toISOString(),
    renewTill: ticket.renewTill?.toISOString(),
    sessionEnctype: enctypeName(ticket.sessionKey.enctype),
    ticketEnctype: enctypeName(ticket.ticket.encPart.etype),
    kvno: ticket.ticket.encPart.kvno,
  }
}
