import { Command } from 'commander'
import {
  copyTicket,
  formatPrincipal,
  KeyUsage,
  obtainServiceTicket,
  readCcache,
  targetPrincipal,
  TicketStore,
  type KdcClient,
  type KerberosOptions,
  type KeyTable,
  type ServiceTicket,
} from 'sspi/kerberos'
import type { CcacheStore } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError, reportFailure } from '../failure.js'
import { loadKeys } from '../kerberos/keytabs.js'
import { Machine } from '../kerberos/machine.js'
import { failedAsMit, mitExit } from '../kerberos/mit-exit.js'
import { withRefusedOptions, type RefusedOption } from '../kerberos/refused-options.js'
import { enctypeArgument, enctypeName, ticketJson } from '../kerberos/ticket-facts.js'
import { wipeCache } from '../kerberos/wipe-files.js'
import { print, printJson } from '../terminal/output.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

interface KvnoOptions extends CommonOptions {
  readonly cache?: string
  readonly enctype?: number
  readonly keytab?: string
  readonly quiet?: true
  readonly service?: string
  readonly cachedOnly?: true
  readonly store: boolean
  readonly outCache?: string
}

/** `sspi kvno`: service tickets, and the version of the key that each is under. */
export function kvnoCommand(): Command {
  const command = new Command('kvno')
    .description("Get tickets for services, and print the version of their keys (MIT's kvno).")
    .argument('<service...>', 'HTTP/www.example.com, with a realm or without; with -S hosts')
    .option('-c, --cache <cache>', 'the cache; default: KRB5CCNAME, else as krb5.conf says')
    .option('-e, --enctype <name>', 'ask for a session key of this encryption type', enctypeArgument)
    .option('-k, --keytab <keytab>', 'see whether the tickets open with the keys of this keytab')
    .option('-q, --quiet', 'print nothing but failures')
    .option('-S, --service <name>', 'the arguments are hosts that offer this service')
    .option('--cached-only', 'take tickets from the cache only, and ask no KDC')
    .option('--no-store', 'do not put new tickets into the cache')
    .option('--out-cache <cache>', 'put the tickets into this cache, made anew, and not into the other')
    .addHelpText('after', HELP)
    .action(mitExit(kvno))
  withRefusedOptions(command, REFUSED)
  return withCommonOptions(
    command,
    'print an array of objects: service, kvno, times, flags, encryption types, or error',
  )
}

const S4U = 'tickets in the name of others (S4U2self, S4U2proxy) are not there'

const REFUSED: readonly RefusedOption[] = [
  { flags: '-U, --for-user <principal>', description: 'a ticket to oneself in the name of a user', why: S4U },
  { flags: '-I, --for-enterprise <name>', description: 'the same, by an enterprise name', why: S4U },
  { flags: '-F, --for-certificate <file>', description: 'the same, by a certificate', why: S4U },
  { flags: '-P, --proxy', description: 'with -U: pass it on to the service', why: S4U },
  {
    flags: '--u2u <cache>',
    description: "encrypt in the session key of this cache's ticket",
    why: 'user-to-user tickets are not there',
  },
  {
    flags: '-u, --unknown',
    description: 'a name of no known type',
    why: 'the type of a name changes nothing at a KDC; leave the option out',
  },
]

const HELP = `
Examples:
  sspi kvno HTTP/www.example.com
  sspi kvno -S host -e aes256-sha1 server.example.com
  sspi kvno -k /etc/krb5.keytab host/server.example.com

Exit codes, as MIT's: 0 done, 1 one of them failed.`

async function kvno(services: readonly string[], options: KvnoOptions): Promise<void> {
  const machine = await Machine.load()
  const { store, ccache } = await machine.caches.load(options.cache)
  const keeps = options.store && options.outCache === undefined
  const save = keeps ? (bytes: Uint8Array) => store.save(readCcache(bytes)) : undefined
  const client = machine.clientByTickets(ccache, save, enctypeOptions(machine, options.enctype))
  wipeCache(ccache)
  const keys = options.keytab === undefined ? undefined : await loadKeys(options.keytab)
  const others = options.outCache === undefined ? undefined : new TicketStore(client.credential.outbound.principal)
  try {
    const results: object[] = []
    for (const name of services) results.push(await one(name, { machine, client, keys, others, options }))
    if (others !== undefined) await keepIn(await machine.caches.open(options.outCache), others)
    if (options.json === true) await printJson(results)
  } finally {
    client.credential.dispose()
    keys?.dispose()
    others?.dispose()
  }
}

interface Errand {
  readonly machine: Machine
  readonly client: KdcClient
  /** To try the tickets with. */
  readonly keys: KeyTable | undefined
  /** Where tickets go beside the cache. */
  readonly others: TicketStore | undefined
  readonly options: KvnoOptions
}

/** One service; what fails is told, and the next one has its turn. */
async function one(name: string, errand: Errand): Promise<object> {
  const { keys, others, options } = errand
  const service = options.service === undefined ? name : `${options.service}/${name}`
  try {
    const ticket = await obtain(service, errand)
    const server = formatPrincipal(ticket.server)
    const { kvno: version } = ticket.ticket.encPart
    const opens = keys === undefined ? undefined : opensWith(ticket, keys)
    const facts = { service: server, ...ticketJson(ticket), ...(opens === undefined ? {} : { opens }) }
    if (others === undefined) ticket.sessionKey.dispose()
    else others.add(ticket)
    if (opens === false) {
      throw new CommandError(
        ExitCode.FAILED,
        `${server}: kvno = ${version ?? 0}, keytab entry invalid: no key of ${options.keytab ?? ''} opens the ticket`,
        'the keytab has another version of the key, or none: export it again',
      )
    }
    const verdict = opens === undefined ? '' : ', keytab entry valid'
    if (options.quiet !== true && options.json !== true) await print(`${server}: kvno = ${version ?? 0}${verdict}\n`)
    return facts
  } catch (error) {
    const told = failedAsMit(error, ExitCode.FAILED)
    process.exitCode = reportFailure(told, { json: options.json === true, verbose: options.verbose === true })
    return { service, error: error instanceof Error ? error.message : String(error) }
  }
}

function obtain(service: string, { machine, client, options }: Errand): Promise<ServiceTicket> | ServiceTicket {
  if (options.cachedOnly !== true) return machine.run(obtainServiceTicket({ ...client, targetName: service }))
  const { credential, settings, world } = client
  const found = credential.outbound.store.find(targetPrincipal(service, settings), world.now(), settings.tgsEnctypes)
  if (found !== undefined) return copyTicket(found)
  throw new CommandError(ExitCode.FAILED, `${service}: there is no ticket for it in the cache that can be used`)
}

function enctypeOptions({ config }: Machine, enctype: number | undefined): KerberosOptions {
  if (enctype === undefined) return {}
  if (config.permittedEnctypes.includes(enctype)) return { tgsEnctypes: [enctype] }
  throw new CommandError(
    ExitCode.USAGE,
    `-e: ${enctypeName(enctype)} is not permitted by the configuration`,
    'permitted_enctypes of krb5.conf says what is; RC4 and triple DES also take allow_rc4 and allow_des3',
  )
}

function opensWith(ticket: ServiceTicket, keys: KeyTable): boolean {
  const { etype, kvno: version, cipher } = ticket.ticket.encPart
  return keys.find({ principal: ticket.server, enctype: etype, kvno: version }).some(({ key }) => {
    try {
      key.decrypt(KeyUsage.KDC_REP_TICKET, cipher).fill(0)
      return true
    } catch {
      return false
    }
  })
}

async function keepIn(store: CcacheStore, tickets: TicketStore): Promise<void> {
  const bytes = tickets.toCcache()
  try {
    await store.save(readCcache(bytes))
  } finally {
    bytes.fill(0)
  }
}
