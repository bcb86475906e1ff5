import { Command } from 'commander'
import { formatPrincipal } from 'sspi/kerberos'
import { loadKeytabFile } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { cacheJson, cacheListing } from '../kerberos/cache-listing.js'
import type { OpenCache } from '../kerberos/caches.js'
import { keytabJson, keytabTable } from '../kerberos/keytab-listing.js'
import { wipeCache, wipeKeytab } from '../kerberos/wipe-files.js'
import { Machine } from '../kerberos/machine.js'
import { mitExit } from '../kerberos/mit-exit.js'
import { hasUsableTicket } from '../kerberos/usable-tickets.js'
import { print, printJson } from '../terminal/output.js'
import { formatTable } from '../terminal/table.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

interface KlistOptions extends CommonOptions {
  readonly cache?: true
  readonly keytab?: true
  readonly clientKeytab?: true
  readonly enctypes?: true
  readonly flags?: true
  readonly silent?: true
  readonly list?: true
  readonly all?: true
  readonly addresses?: true
  readonly numeric?: true
  readonly authdata?: true
  readonly configuration?: true
  readonly timestamps?: true
  readonly keys?: true
  readonly showKeys?: true
}

/** `sspi klist`: what is in a ticket cache or a keytab. */
export function klistCommand(): Command {
  const command = new Command('klist')
    .description("List the tickets of a cache, or the keys of a keytab (MIT's klist).")
    .argument('[name]', 'the cache or the keytab; default: as the environment and krb5.conf say')
    .option('-c, --cache', 'list a ticket cache, as without -k')
    .option('-k, --keytab', 'list a keytab')
    .option('-i, --client-keytab', 'with -k: the client keytab')
    .option('-e, --enctypes', 'show encryption types')
    .option('-f, --flags', 'show flags: F forwardable, R renewable, I initial, A pre-authenticated, …')
    .option('-s, --silent', 'say nothing: exit code 0 when there is a ticket to log on with, else 1')
    .option('-l, --list', 'list the caches of the collection')
    .option('-A, --all', 'list the tickets of all of them')
    .option('-a, --addresses', 'show the addresses that tickets are bound to')
    .option('-n, --numeric', 'with -a: as numbers, as they always are here')
    .option('-d, --authdata', 'show the kinds of authorization data')
    .option('-C, --configuration', 'show what programs have noted in the cache')
    .option('-t, --timestamps', 'with -k: show when the entries were written')
    .option('-K, --keys', 'with -k: show the keys; takes --show-keys as well')
    .option('--show-keys', 'yes, show keys: whoever sees them can be the principals')
    .addHelpText('after', HELP)
    .action(mitExit(klist))
  return withCommonOptions(command, 'print an object (of one cache), or an array: of caches, of keys')
}

const HELP = `
Examples:
  sspi klist
  sspi klist -ef FILE:/tmp/krb5cc_1000
  sspi klist -kte /etc/krb5.keytab
  sspi klist -s || sspi kinit

Exit codes, as MIT's: 0 done, 1 failed; with -s whether there is a ticket to log on with.`

async function klist(name: string | undefined, options: KlistOptions): Promise<void> {
  const machine = await Machine.load()
  if (options.keytab === true) return listKeytab(name, options, machine)
  if (options.keys === true) throw new CommandError(ExitCode.USAGE, '-K goes with -k: keys are shown of keytabs only')
  if (options.silent === true) return judge(machine, name, options)
  if (options.list === true || options.all === true) return listCollection(machine, options)
  const cache = await machine.caches.load(name)
  try {
    await show([cache], options, (shown) => shown[0])
  } finally {
    wipeCache(cache.ccache)
  }
}

async function listKeytab(name: string | undefined, options: KlistOptions, { config }: Machine): Promise<void> {
  const showKeys = options.keys === true
  if (showKeys && options.showKeys !== true) {
    throw new CommandError(
      ExitCode.USAGE,
      '-K shows secret keys, which end up in terminals and logs: say --show-keys as well if that is meant',
    )
  }
  const path = name ?? (options.clientKeytab === true ? config.defaultClientKeytabName : config.defaultKeytabName)
  const keytab = await loadKeytabFile(path)
  try {
    const { timestamps, enctypes } = options
    if (options.json === true) await printJson(keytabJson(keytab, showKeys))
    else await print(`Keytab name: ${withType(path)}\n${keytabTable(keytab, { timestamps, enctypes, keys: showKeys })}`)
  } finally {
    wipeKeytab(keytab)
  }
}

/** `-s`: everything is in the exit code, for whatever reason there is no ticket. */
async function judge({ caches }: Machine, name: string | undefined, options: KlistOptions): Promise<void> {
  process.exitCode = ExitCode.FAILED
  const found = options.all === true ? caches.all() : caches.load(name).then((cache) => [cache])
  const judged = await found.catch(() => [])
  if (judged.some(({ ccache }) => hasUsableTicket(ccache, new Date()))) process.exitCode = ExitCode.OK
  for (const { ccache } of judged) wipeCache(ccache)
}

async function listCollection(machine: Machine, options: KlistOptions): Promise<void> {
  const caches = await machine.caches.all()
  try {
    if (caches.length === 0) {
      throw new CommandError(ExitCode.FAILED, `no credentials cache found: ${machine.caches.defaultName}`)
    }
    if (options.all === true) await show(caches, options, (shown) => shown)
    else await showNames(caches, options)
  } finally {
    for (const { ccache } of caches) wipeCache(ccache)
  }
}

async function showNames(caches: readonly OpenCache[], options: KlistOptions): Promise<void> {
  const now = new Date()
  const rows = caches.map(({ store, ccache }) => ({
    principal: formatPrincipal(ccache.defaultPrincipal),
    cache: store.name,
    expired: !hasUsableTicket(ccache, now),
  }))
  const cells = rows.map(({ principal, cache, expired }) => [principal, `${cache}${expired ? ' (Expired)' : ''}`])
  if (options.json === true) await printJson(rows)
  else await print(formatTable([['Principal name', 'Cache name'], ...cells]))
}

async function show(
  caches: readonly OpenCache[],
  options: KlistOptions,
  json: (shown: readonly object[]) => unknown,
): Promise<void> {
  const { flags, enctypes, addresses, authdata: authorizationData, configuration } = options
  const listing = { flags, enctypes, addresses, authorizationData, configuration }
  if (options.json === true) await printJson(json(caches.map((cache) => cacheJson(cache, listing))))
  else await print(caches.map((cache) => cacheListing(cache, listing)).join('\n'))
}

function withType(name: string): string {
  return /^[A-Za-z]{2,}:/.test(name) ? name : `FILE:${name}`
}
