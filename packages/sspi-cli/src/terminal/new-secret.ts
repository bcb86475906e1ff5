import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { readSecret, type SecretOptions } from './secret.js'

/** Where a new password comes from. */
export interface NewSecretOptions {
  readonly newPasswordFd?: number | undefined
  readonly newPasswordFile?: string | undefined
}

/** A new password: of a file descriptor or a file, or typed twice at the prompt. @throws {@link CommandError} when the two differ. */
export async function readNewSecret(options: NewSecretOptions, prompt = 'New password'): Promise<string> {
  const source: SecretOptions = { passwordFd: options.newPasswordFd, passwordFile: options.newPasswordFile }
  const secret = await readSecret(prompt, source)
  const typed = source.passwordFd === undefined && source.passwordFile === undefined
  if (typed && (await readSecret('The new password again', {})) !== secret) {
    throw new CommandError(ExitCode.FAILED, 'the new password was typed in two ways; nothing was changed')
  }
  return secret
}
