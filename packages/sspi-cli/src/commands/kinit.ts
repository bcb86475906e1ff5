import { Command } from 'commander'
import {
  changePassword,
  formatPrincipal,
  KdcError,
  KerberosErrorCode,
  obtainInitialTicket,
  obtainServiceTicket,
  obtainTgt,
  parsePrincipal,
  readCcache,
  renewTgt,
  TicketFlag,
  TicketStore,
  validateTgt,
  type ArmorSource,
  type KdcClient,
  type KerberosOptions,
  type Principal,
  type ServiceTicket,
} from 'sspi/kerberos'
import type { CcacheStore } from 'sspi/krb5'
import { SspiError } from 'sspi'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { Machine } from '../kerberos/machine.js'
import { mitExit } from '../kerberos/mit-exit.js'
import { withRefusedOptions, type RefusedOption } from '../kerberos/refused-options.js'
import { wipeCache } from '../kerberos/wipe-files.js'
import { ticketJson } from '../kerberos/ticket-facts.js'
import { durationArgument, startTimeArgument, timeText } from '../kerberos/times.js'
import { readNewSecret, type NewSecretOptions } from '../terminal/new-secret.js'
import { printJson } from '../terminal/output.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { withCommonOptions, withNewSecretOptions, withSecretOptions, type CommonOptions } from './common-options.js'

interface KinitOptions extends CommonOptions, SecretOptions, NewSecretOptions {
  readonly explain?: true
  readonly lifetime?: number
  readonly startTime?: Date
  readonly renewableLife?: number
  readonly forwardable?: boolean
  readonly proxiable?: boolean
  readonly enterprise?: true
  readonly canonicalize?: true
  readonly validate?: true
  readonly renew?: true
  readonly useKeytab?: true
  readonly keytab?: string
  readonly clientKeytab?: true
  readonly cache?: string
  readonly service?: string
  readonly armor?: string
}

/** `sspi kinit`: a ticket-granting ticket for a password or a key, into a ticket cache. */
export function kinitCommand(): Command {
  const command = new Command('kinit')
    .description(
      "Log on to a Kerberos realm: get a ticket-granting ticket, and keep it in a ticket cache (MIT's kinit).",
    )
    .argument('[principal]', 'who you are; default: the owner of the cache, else your name here')
    .option('-l, --lifetime <time>', 'for how long: 10h, 1d, 36000', durationArgument)
    .option('-s, --start-time <time>', 'from when on, for a postdated ticket: 2h, 20300131080000', startTimeArgument)
    .option('-r, --renewable-life <time>', 'for how long it shall be renewable', durationArgument)
    .option('-f, --forwardable', 'a ticket that can be delegated')
    .option('-F, --no-forwardable', 'one that cannot')
    .option('-p, --proxiable', 'a proxiable ticket')
    .option('-P, --no-proxiable', 'one that is not')
    .option('-A, --addressless', 'a ticket that is bound to no address, as they all are here')
    .option('-E, --enterprise', 'the name is an enterprise name (user@mail.example.com), whose principal the KDC knows')
    .option('-C, --canonicalize', 'let the KDC say what the principal is called')
    .option('-R, --renew', 'renew the ticket of the cache')
    .option('-v, --validate', 'validate the postdated ticket of the cache')
    .option(
      '-k, --use-keytab',
      'log on with a key of the keytab instead of a password; default principal: host/<this host>',
    )
    .option('-t, --keytab <keytab>', 'the keytab; default: KRB5_KTNAME, else as krb5.conf says')
    .option('-i, --client-keytab', 'with -k: the client keytab (KRB5_CLIENT_KTNAME); default principal: its first')
    .option('-c, --cache <cache>', 'the cache: FILE:path, DIR:folder; default: KRB5CCNAME, else as krb5.conf says')
    .option('-S, --service <name>', 'get a ticket for this service in the place of a ticket-granting ticket')
    .option('-T, --armor <cache>', 'hide the log-on under the tickets of this cache (FAST); nothing else is sent then')
    .option('-V, --explain', 'tell what is done')
    .addHelpText('after', HELP)
    .action(mitExit(kinit))
  withNewSecretOptions(withSecretOptions(command, 'your'), 'your', 'where the old one has expired')
  withRefusedOptions(command, REFUSED)
  return withCommonOptions(command, 'print an object: principal, server, cache, times, flags, encryption types')
}

/** Options of MIT's that are not there. */
const REFUSED: readonly RefusedOption[] = [
  {
    flags: '-a, --addresses',
    description: 'bind the ticket to the addresses of this machine',
    why: 'tickets are not bound to addresses here, as they would not survive address translation; leave the option out',
  },
  {
    flags: '-n, --anonymous',
    description: 'an anonymous ticket',
    why: 'anonymous tickets take PKINIT, which is not there',
  },
  {
    flags: '-X, --preauth <attribute>',
    description: 'attributes for pre-authentication, such as a certificate for PKINIT',
    why: 'no kind of pre-authentication of this command takes attributes: PKINIT is not there',
  },
  {
    flags: '-I, --input-cache <cache>',
    description: 'take choices of pre-authentication from this cache',
    why: 'what a cache remembers of an earlier log-on is not used here; leave the option out',
  },
  {
    flags: '--request-pac',
    description: 'ask for a PAC',
    why: 'whether the ticket has a PAC is left to the KDC; leave the option out',
  },
  { flags: '--no-request-pac', description: 'ask for none', why: 'whether the ticket has a PAC is left to the KDC' },
]

const HELP = `
Configuration, caches and keytabs are MIT's, found as MIT's commands find them: KRB5_CONFIG, KRB5CCNAME, KRB5_KTNAME,
KRB5_CLIENT_KTNAME. A password that has expired is changed on the way.

Examples:
  sspi kinit alice
  sspi kinit -l 10h -r 7d -f alice@EXAMPLE.COM
  sspi kinit -kt /etc/robot.keytab robot/host.example.com
  sspi kinit --password-fd 3 alice 3< secret
  sspi kinit -R

Exit codes, as MIT's: 0 done, 1 failed, 2 wrong arguments.`

async function kinit(name: string | undefined, options: KinitOptions): Promise<void> {
  const machine = await Machine.load()
  const explain = (text: string): void => {
    if (options.explain === true) process.stderr.write(`${text}\n`)
  }
  const granted = options.renew === true || options.validate === true ? renewed : loggedOn
  const { ticket, store, passwordExpires } = await granted(machine, name, options, explain)
  explain(`Using cache: ${store.name}`)
  const about = { principal: formatPrincipal(ticket.client), server: formatPrincipal(ticket.server), cache: store.name }
  const facts = { ...about, ...ticketJson(ticket), passwordExpires: passwordExpires?.toISOString() }
  await keep(ticket, store)
  if (options.cache === undefined) await machine.caches.defaultCollection?.switchTo(store)
  explain(`Authenticated to Kerberos as ${about.principal}, until ${timeText(ticket.endTime)}`)
  if (options.json === true) await printJson(facts)
  else if (passwordExpires !== undefined) warnOfExpiry(passwordExpires)
}

/** What a run has got, and where it goes. */
interface Granted {
  readonly ticket: ServiceTicket
  readonly store: CcacheStore
  readonly passwordExpires?: Date | undefined
}

async function loggedOn(
  machine: Machine,
  name: string | undefined,
  options: KinitOptions,
  explain: (text: string) => void,
): Promise<Granted> {
  const { client, principal, store } = await whoLogsOn(machine, name, options)
  explain(`Using principal: ${formatPrincipal(principal)}`)
  const service = options.service === undefined ? undefined : parsePrincipal(options.service).name
  const { lifetime: lifetimeSeconds, startTime } = options
  const armor = options.armor === undefined ? undefined : await armorOf(machine, options.armor)
  const wish = { service, lifetimeSeconds, startTime, armor: armor?.source }
  const logOn = (as: KdcClient) => machine.run(obtainInitialTicket({ ...as, ...wish }))
  try {
    return { ...(await logOn(client)), store }
  } catch (error) {
    const { keys } = client.credential.outbound
    // What was to be hidden by -T is not sent in the open after all: kpasswd changes the password there.
    if (!isExpired(error) || keys.kind !== 'password' || options.armor !== undefined) throw error
    process.stderr.write(`The password of ${formatPrincipal(principal)} has expired. It must be changed now.\n`)
    const password = await readNewSecret(options)
    await machine.run(changePassword(client, password))
    const again = machine.clientByPassword(principal, password, settingsOf(options))
    try {
      return { ...(await logOn(again)), store }
    } finally {
      again.credential.dispose()
    }
  } finally {
    armor?.client.credential.dispose()
    client.credential.dispose()
  }
}

/** The tickets that a log-on is hidden under, RFC 6113 section 5.4: those of the KDC that is asked. */
async function armorOf(machine: Machine, cache: string) {
  const { ccache } = await machine.caches.load(cache)
  const client = machine.clientByTickets(ccache)
  const own = ccache.defaultPrincipal.realm
  wipeCache(ccache)
  const source: ArmorSource = (realm) =>
    realm === own ? obtainTgt(client) : obtainServiceTicket({ ...client, targetName: `krbtgt/${realm}` })
  return { client, source }
}

async function whoLogsOn(machine: Machine, name: string | undefined, options: KinitOptions) {
  const { defaultKeytabName, defaultClientKeytabName } = machine.config
  const named = name === undefined ? undefined : machine.principal(name, options.enterprise === true)
  const settings = settingsOf(options)
  const storeFor = (principal: Principal) => machine.caches.forLogon(options.cache, principal)
  if (options.useKeytab === true || options.keytab !== undefined || options.clientKeytab === true) {
    const keytab = options.keytab ?? (options.clientKeytab === true ? defaultClientKeytabName : defaultKeytabName)
    const owner = named ?? (options.clientKeytab === true ? undefined : machine.hostPrincipal())
    const client = await machine.clientByKeytab(keytab, owner, settings)
    const { principal } = client.credential.outbound
    return { client, principal, store: await storeFor(principal) }
  }
  const principal = named ?? (await machine.defaultPrincipal(options.cache))
  const store = await storeFor(principal)
  const password = await readSecret(`Password for ${formatPrincipal(principal)}`, options)
  return { client: machine.clientByPassword(principal, password, settings), principal, store }
}

function settingsOf({ armor, renewableLife, forwardable, proxiable, canonicalize }: KinitOptions): KerberosOptions {
  return {
    ...(armor === undefined ? {} : { fast: 'required' }),
    ...(renewableLife === undefined ? {} : { renewLifetimeSeconds: renewableLife }),
    ...(forwardable === undefined ? {} : { forwardable }),
    ...(proxiable === undefined ? {} : { proxiable }),
    ...(canonicalize === undefined ? {} : { canonicalize }),
  }
}

/** Renews or validates the ticket of the cache. */
async function renewed(machine: Machine, name: string | undefined, options: KinitOptions): Promise<Granted> {
  if (options.renew === true && options.validate === true) {
    throw new CommandError(ExitCode.MIT_USAGE, '-R and -v are two things: first -v, when the time has come, then -R')
  }
  if (options.service !== undefined) {
    throw new CommandError(ExitCode.MIT_USAGE, '-S: only ticket-granting tickets are renewed and validated here')
  }
  const named = name === undefined ? undefined : machine.principal(name)
  const place = named === undefined ? options.cache : (await machine.caches.forLogon(options.cache, named)).name
  const { store, ccache } = await machine.caches.load(place)
  const owner = formatPrincipal(ccache.defaultPrincipal)
  if (named !== undefined && formatPrincipal(named) !== owner) {
    throw new CommandError(ExitCode.FAILED, `${store.name} is the cache of ${owner}, not of ${formatPrincipal(named)}`)
  }
  const client = machine.clientByTickets(ccache, undefined, settingsOf(options))
  try {
    if (options.renew === true) return { ticket: await machine.run(renewTgt(client)), store }
    const postdated = client.credential.outbound.store.tickets.find(({ flags }) => (flags & TicketFlag.INVALID) !== 0)
    if (postdated === undefined) {
      throw new CommandError(ExitCode.FAILED, `${store.name}: there is no ticket in it that is to be validated`)
    }
    return { ticket: await machine.run(validateTgt(client, postdated)), store }
  } finally {
    client.credential.dispose()
  }
}

/** Puts the ticket into the cache, alone, as MIT's does. */
async function keep(ticket: ServiceTicket, store: CcacheStore): Promise<void> {
  const tickets = new TicketStore(ticket.client)
  tickets.timeOffsetMs = ticket.kdcTimeOffsetMs
  tickets.add(ticket)
  const bytes = tickets.toCcache()
  try {
    await store.save(readCcache(bytes))
  } finally {
    bytes.fill(0)
    tickets.dispose()
  }
}

function isExpired(error: unknown): boolean {
  const cause = error instanceof SspiError ? error.cause : undefined
  return cause instanceof KdcError && cause.errorCode === KerberosErrorCode.KDC_ERR_KEY_EXPIRED
}

/** As MIT's kinit, a week before. */
const WARNING_MS = 7 * 86_400_000

function warnOfExpiry(expires: Date): void {
  if (expires.getTime() - Date.now() > WARNING_MS) return
  process.stderr.write(`Warning: your password expires on ${timeText(expires)}; \`sspi kpasswd\` changes it\n`)
}
