import { Option, type Command } from 'commander'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** An option of MIT's that nothing here can honour. */
export interface RefusedOption {
  /** As Commander takes it: `-a, --addresses`. */
  readonly flags: string
  /** What it does at MIT's. */
  readonly description: string
  /** Why not here, and what to do: a sentence. */
  readonly why: string
}

/** Options that are refused with the reason: passing over them would be to do something else than was asked for. */
export function withRefusedOptions(command: Command, refused: readonly RefusedOption[]): Command {
  for (const { flags, description, why } of refused) {
    const option = new Option(flags, description).helpGroup("Options of MIT's that are refused:")
    command.addOption(option)
    command.on(`option:${option.name()}`, () => {
      throw new CommandError(ExitCode.USAGE, `${command.name()} ${option.short ?? option.long ?? ''}: ${why}`)
    })
  }
  return command
}
