import { Command } from 'commander'
import { formatPrincipal } from 'sspi/kerberos'
import type { CcacheStore } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { Machine } from '../kerberos/machine.js'
import { mitExit } from '../kerberos/mit-exit.js'
import { wipeCache } from '../kerberos/wipe-files.js'
import { printJson } from '../terminal/output.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

interface KdestroyOptions extends CommonOptions {
  readonly all?: true
  readonly cache?: string
  readonly quiet?: true
  readonly principal?: string
}

/** `sspi kdestroy`: the end of a ticket cache. */
export function kdestroyCommand(): Command {
  const command = new Command('kdestroy')
    .description("Destroy a ticket cache: overwrite it and remove it (MIT's kdestroy).")
    .option('-A, --all', 'destroy all caches of the collection')
    .option('-c, --cache <cache>', 'the cache; default: KRB5CCNAME, else as krb5.conf says')
    .option('-p, --principal <principal>', "the principal's cache of the collection")
    .option('-q, --quiet', 'say nothing where there is no cache')
    .addHelpText('after', HELP)
    .action(mitExit(kdestroy))
  return withCommonOptions(command, 'print an object: destroyed, the names of the caches')
}

const HELP = `
Examples:
  sspi kdestroy
  sspi kdestroy -A
  sspi kdestroy -c FILE:/tmp/krb5cc_robot

Exit codes, as MIT's: 0 done, or there was nothing to do, 1 failed, 2 wrong arguments.`

async function kdestroy(options: KdestroyOptions): Promise<void> {
  const machine = await Machine.load()
  const stores = await chosen(machine, options)
  const destroyed: string[] = []
  for (const store of stores) if (await store.destroy()) destroyed.push(store.name)
  if (options.json === true) await printJson({ destroyed })
  if (destroyed.length > 0 || options.all === true || options.quiet === true || options.json === true) return
  // No failure: a script that makes sure that there is none goes on.
  process.stderr.write(`sspi: no credentials cache found: ${stores[0]?.name ?? ''}\n`)
}

async function chosen(machine: Machine, options: KdestroyOptions): Promise<readonly CcacheStore[]> {
  const { all, cache, principal } = options
  if ([all === true, cache !== undefined, principal !== undefined].filter(Boolean).length > 1) {
    throw new CommandError(ExitCode.MIT_USAGE, '-A, -c and -p are three ways to say which caches: give one')
  }
  if (all === true) {
    const caches = await machine.caches.all()
    for (const { ccache } of caches) wipeCache(ccache)
    return caches.map(({ store }) => store)
  }
  if (principal === undefined) return [await machine.caches.open(cache)]
  const owner = machine.principal(principal)
  const found = await machine.caches.of(owner)
  if (found !== undefined) {
    wipeCache(found.ccache)
    return [found.store]
  }
  throw new CommandError(
    ExitCode.FAILED,
    `${machine.caches.defaultName}: there is no cache of ${formatPrincipal(owner)}`,
  )
}
