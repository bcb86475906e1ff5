import { Command } from 'commander'
import { runDemo } from '../demo/run-demo.js'
import { noNarrator, terminalNarrator } from '../demo/narrator.js'
import { summaryTable } from '../demo/summary.js'
import { ExitCode } from '../exit-codes.js'
import { print, printJson } from '../terminal/output.js'
import { styleFor } from '../terminal/style.js'
import { withCommonOptions, type CommonOptions } from './common-options.js'

interface DemoOptions extends CommonOptions {
  readonly package?: string
}

/** `sspi demo`: the five procedures, with each package, over real connections. */
export function demoCommand(): Command {
  const command = new Command('demo')
    .description('Show the five procedures of SSPI as they happen, with each package, over TCP on this machine.')
    .option('-p, --package <name>', 'show this package only')
    .addHelpText('after', HELP)
    .action(async (options: DemoOptions) => {
      const style = styleFor(process.stdout)
      const narrator = options.json ? noNarrator : terminalNarrator(style)
      const results = await runDemo({ narrator, package: options.package })
      if (options.json) await printJson(results)
      else await print(summaryTable(results, style))
      process.exitCode = results.every(({ ok }) => ok) ? ExitCode.OK : ExitCode.CHECK
    })
  return withCommonOptions(
    command,
    'print an array of objects: package, mechanism, legs, client, server, signed, sealed, tamperDetected, mutual, delegated, ok',
  )
}

const HELP = `
The account database, the KDC and the certificates are made up and in memory; client and server are two ends of a TCP connection on 127.0.0.1.

Examples:
  sspi demo
  sspi demo --package NTLM
  sspi demo --json

Exit codes: 0 everything held, 5 something did not.`
