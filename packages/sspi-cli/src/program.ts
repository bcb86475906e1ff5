import { Command } from 'commander'
import { connectCommand } from './commands/connect.js'
import { decodeCommand } from './commands/decode.js'
import { demoCommand } from './commands/demo.js'
import { doctorCommand } from './commands/doctor.js'
import { fetchCommand } from './commands/fetch.js'
import { kdcCommand } from './commands/kdc.js'
import { kdestroyCommand } from './commands/kdestroy.js'
import { kinitCommand } from './commands/kinit.js'
import { klistCommand } from './commands/klist.js'
import { kpasswdCommand } from './commands/kpasswd.js'
import { kswitchCommand } from './commands/kswitch.js'
import { ktutilCommand } from './commands/ktutil.js'
import { kvnoCommand } from './commands/kvno.js'
import { packagesCommand } from './commands/packages.js'
import { serveCommand } from './commands/serve.js'
import { EXIT_CODES_HELP } from './exit-codes.js'
import { programVersion } from './version.js'

/** The `sspi` command with all that it can do. It throws a `CommanderError` rather than end the process. */
export function createProgram(): Command {
  const program = new Command('sspi')
    .description('Security packages of SSPI at the command line: authenticate, talk protected, look into tokens.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showHelpAfterError('(try --help)')
    // So that `kinit -V` is kinit's.
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', `\nExamples:\n${EXAMPLES}\n${EXIT_CODES_HELP}`)
  for (const create of COMMANDS) program.addCommand(inherit(create(), program))
  return program
}

const COMMANDS = [
  demoCommand,
  packagesCommand,
  serveCommand,
  connectCommand,
  fetchCommand,
  decodeCommand,
  doctorCommand,
  kinitCommand,
  klistCommand,
  kdestroyCommand,
  kswitchCommand,
  kvnoCommand,
  ktutilCommand,
  kpasswdCommand,
  kdcCommand,
] as const

const EXAMPLES = `  sspi demo                                    the five procedures, with each package
  sspi packages                                what there is
  sspi serve --port 4711 --user alice          wait for alice, then chat
  sspi connect 127.0.0.1 4711 --user alice     be alice
  sspi fetch https://intranet.example.com/     fetch a page as who you are
  sspi decode TlRMTVNTUAABAAAA...              look into a token
  sspi kinit alice@EXAMPLE.COM                 log on to a Kerberos realm
  sspi klist                                   list its tickets
  sspi doctor HTTP/www.example.com             why is it out of reach?`

function inherit(command: Command, program: Command): Command {
  return command.copyInheritedSettings(program)
}
