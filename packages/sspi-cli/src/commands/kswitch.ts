import { Command } from 'commander'
import { formatPrincipal } from 'sspi/kerberos'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import type { OpenCache } from '../kerberos/caches.js'
import { Machine } from '../kerberos/machine.js'
import { mitExit } from '../kerberos/mit-exit.js'
import { wipeCache } from '../kerberos/wipe-files.js'
import { printJson } from '../terminal/output.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

interface KswitchOptions extends CommonOptions {
  readonly cache?: string
  readonly principal?: string
}

/** `sspi kswitch`: which cache of a collection counts. */
export function kswitchCommand(): Command {
  const command = new Command('kswitch')
    .description("Make a cache the primary one of its collection (MIT's kswitch).")
    .option('-c, --cache <cache>', 'this one')
    .option('-p, --principal <principal>', "this principal's")
    .addHelpText('after', HELP)
    .action(mitExit(kswitch))
  return withCommonOptions(command, 'print an object: cache, principal')
}

const HELP = `
Examples:
  sspi kswitch -p bob@EXAMPLE.COM
  sspi kswitch -c DIR::/tmp/caches/tkt1a2b3c

Exit codes, as MIT's: 0 done, 1 failed, 2 wrong arguments.`

async function kswitch(options: KswitchOptions): Promise<void> {
  const machine = await Machine.load()
  const { store, ccache } = await chosen(machine, options)
  wipeCache(ccache)
  const collection = machine.caches.collectionOf(store.name)
  if (collection === undefined) {
    throw new CommandError(
      ExitCode.FAILED,
      `${store.name}: it belongs to no collection, so there is nothing to switch`,
      'caches of a folder and of a KCM daemon do: KRB5CCNAME=DIR:/path, KCM:',
    )
  }
  await collection.switchTo(store)
  const principal = formatPrincipal(ccache.defaultPrincipal)
  if (options.json === true) await printJson({ cache: store.name, principal })
}

async function chosen(machine: Machine, { cache, principal }: KswitchOptions): Promise<OpenCache> {
  if ((cache === undefined) === (principal === undefined)) {
    throw new CommandError(ExitCode.MIT_USAGE, 'say which cache, by -c or by -p (one of them)')
  }
  if (cache !== undefined) return machine.caches.load(cache)
  const owner = machine.principal(principal ?? '')
  const found = await machine.caches.of(owner)
  if (found !== undefined) return found
  throw new CommandError(
    ExitCode.FAILED,
    `${machine.caches.defaultName}: there is no cache of ${formatPrincipal(owner)}`,
  )
}
