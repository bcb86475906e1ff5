import { SspiError } from 'sspi'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'

/**
 * Makes an action end as the command of MIT's that it stands for: 1 for whatever went wrong, so that scripts need not be
 * changed. What it was is in the message, and in `code` of `--json`.
 */
export function mitExit<A extends readonly unknown[]>(
  action: (...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (cause) {
      throw cause instanceof CommandError && MIT_CODES.has(cause.exitCode) ? cause : failedAsMit(cause, ExitCode.FAILED)
    }
  }
}

const MIT_CODES: ReadonlySet<number> = new Set([ExitCode.FAILED, ExitCode.PASSWORD_REJECTED, ExitCode.MIT_USAGE])

/** What a command says of wrong arguments. */
export function usageCode(command: string | undefined): ExitCode {
  return command !== undefined && WITH_USAGE_OF_MIT.has(command) ? ExitCode.MIT_USAGE : ExitCode.USAGE
}

const WITH_USAGE_OF_MIT: ReadonlySet<string> = new Set(['kinit', 'kdestroy', 'kswitch'])

/** A failure with the exit code of MIT's command. What Kerberos says has the cure in it, and needs no other advice. */
export function failedAsMit(cause: unknown, exitCode: ExitCode): unknown {
  if (cause instanceof SspiError) return new CommandError(exitCode, cause.message, undefined, { cause })
  const { exitCode: own, message, hint } = describeFailure(cause)
  if (own === ExitCode.INTERNAL || own === ExitCode.INTERRUPTED) return cause
  return new CommandError(exitCode, message, hint, { cause })
}
