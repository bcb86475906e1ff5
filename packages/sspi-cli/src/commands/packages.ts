import { Command } from 'commander'
import * as sspi from 'sspi'
import { styleFor } from '../terminal/style.js'
import { print, printJson } from '../terminal/output.js'
import { formatTable } from '../terminal/table.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

/** `sspi packages`: EnumerateSecurityPackages. */
export function packagesCommand(): Command {
  const command = new Command('packages')
    .description('List the security packages and what each can do.')
    .addHelpText('after', '\nExamples:\n  sspi packages\n  sspi packages --json')
    .action(async (options: CommonOptions) => {
      const packages = sspi.initSecurityInterface().enumerateSecurityPackages()
      if (options.json) {
        await printJson(
          packages.map(({ name, comment, capabilities, version, rpcId, maxToken }) => {
            return { name, comment, capabilities, version, rpcId, maxToken }
          }),
        )
        return
      }
      await print(listing(packages))
    })
  return withCommonOptions(command, 'print an array of objects: name, comment, capabilities, version, rpcId, maxToken')
}

function listing(packages: readonly sspi.SecPkgInfo[]): string {
  const style = styleFor(process.stdout)
  const rows = packages.map(({ name, comment, version, rpcId, maxToken }) => {
    const rpc = rpcId === sspi.SECPKG_ID_NONE ? 'none' : String(rpcId)
    return [name, String(version), rpc, `${maxToken} bytes`, comment]
  })
  const table = formatTable([['Name', 'Version', 'RPC id', 'Largest token', 'Comment'], ...rows], (line, row) =>
    row === 0 ? style.bold(line) : line,
  )
  const capabilities = packages.map(
    ({ name, capabilities: bits }) => `${style.bold(name)} can: ${capabilityNames(bits).join(', ')}\n`,
  )
  return `${table}\n${capabilities.join('')}`
}

const PREFIX = 'SECPKG_FLAG_'

/** The names of the capabilities that are set, without their common beginning. */
function capabilityNames(capabilities: number): readonly string[] {
  return Object.entries(sspi)
    .filter(([name, bit]) => name.startsWith(PREFIX) && typeof bit === 'number' && (capabilities & bit) !== 0)
    .map(([name]) => name.slice(PREFIX.length).toLowerCase().replaceAll('_', ' '))
}
