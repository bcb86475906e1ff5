import { Command } from 'commander'
import { changePassword, formatPrincipal, PasswordChangeError } from 'sspi/kerberos'
import { SspiError } from 'sspi'
import { ExitCode } from '../exit-codes.js'
import { Machine } from '../kerberos/machine.js'
import { failedAsMit, mitExit } from '../kerberos/mit-exit.js'
import { readNewSecret, type NewSecretOptions } from '../terminal/new-secret.js'
import { printJson } from '../terminal/output.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { withCommonOptions, withNewSecretOptions, withSecretOptions, type CommonOptions } from './common-options.js'

type KpasswdOptions = CommonOptions & SecretOptions & NewSecretOptions

/** `sspi kpasswd`: another password. */
export function kpasswdCommand(): Command {
  const command = new Command('kpasswd')
    .description("Change a Kerberos password, by RFC 3244 (MIT's kpasswd).")
    .argument('[principal]', 'whose; default: the owner of the ticket cache, else your name here')
    .addHelpText('after', HELP)
    .action(mitExit(kpasswd))
  withNewSecretOptions(withSecretOptions(command, 'the old'), 'the', 'one line')
  return withCommonOptions(command, 'print an object: principal, changed')
}

const HELP = `
Examples:
  sspi kpasswd
  sspi kpasswd alice@EXAMPLE.COM
  sspi kpasswd alice --password-fd 3 --new-password-fd 4 3< old 4< new

Exit codes, as MIT's: 0 changed, 1 failed, 2 the server refuses the new password.`

async function kpasswd(name: string | undefined, options: KpasswdOptions): Promise<void> {
  const machine = await Machine.load()
  const principal = name === undefined ? await machine.defaultPrincipal() : machine.principal(name)
  const who = formatPrincipal(principal)
  const client = machine.clientByPassword(principal, await readSecret(`Password for ${who}`, options))
  try {
    const password = await readNewSecret(options)
    await machine.run(changePassword(client, password))
  } catch (error) {
    const rejected = error instanceof SspiError && error.cause instanceof PasswordChangeError
    throw rejected ? failedAsMit(error, ExitCode.PASSWORD_REJECTED) : error
  } finally {
    client.credential.dispose()
  }
  if (options.json === true) await printJson({ principal: who, changed: true })
  else process.stderr.write(`The password of ${who} was changed.\n`)
}
