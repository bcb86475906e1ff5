import { CommanderError } from 'commander'
import { ExitCode } from './exit-codes.js'
import { reportFailure } from './failure.js'
import { usageCode } from './kerberos/mit-exit.js'
import { createProgram } from './program.js'

/**
 * Runs the command with these arguments (without the program's name).
 *
 * @returns The exit code; see {@link ExitCode}. Nothing is thrown.
 */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? ExitCode.OK)
  } catch (error) {
    // Commander has told the user what is wrong with the arguments already, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : usageCode(argv[0])
    const { NODE_DEBUG: debug = '' } = process.env
    const verbose = argv.includes('--verbose') || debug.split(',').includes('sspi')
    return reportFailure(error, { json: argv.includes('--json'), verbose })
  }
}
