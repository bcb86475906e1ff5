import { Argument, Command } from 'commander'
import { initSecurityInterface, passwordCredential } from 'sspi'
import { connect as connectSecurely } from 'sspi/net'
import { relay } from '../transfer/relay.js'
import { createReporter } from '../transfer/reporter.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { portNumber, withCommonOptions, withSecretOptions, type CommonOptions } from './common-options.js'

interface ConnectOptions extends CommonOptions, SecretOptions {
  readonly package: string
  readonly target?: string
  readonly user: string
  readonly domain?: string
}

/** `sspi connect`: the other half of `sspi serve`. */
export function connectCommand(): Command {
  const command = new Command('connect')
    .description('Connect to `sspi serve`, authenticate, and talk.')
    .argument('<host>', "the server's name or address")
    .addArgument(new Argument('<port>', 'its port').argParser(portNumber))
    .option('--package <name>', 'the security package', 'Negotiate')
    .option('--target <name>', 'the name of the service; default: host/<host> where <host> is a name')
    .requiredOption('-u, --user <name>', 'who you are: `alice`, `DOMAIN\\alice` or `alice@example.com`')
    .option('--domain <name>', 'the domain, when the name has none')
    .addHelpText('after', HELP)
    .action(connect)
  return withCommonOptions(withSecretOptions(command, 'your'), 'print events, data among them, as lines of JSON')
}

const HELP = `
The standard input goes to the server, what the server sends to the standard output; everything else that there is to
say goes to the standard error. The end of the input is told to the server, which may go on sending.

Examples:
  sspi connect server.example.com 4711 --user alice
  sspi connect 127.0.0.1 4711 --user alice --password-file secret < file
  sspi connect 127.0.0.1 4711 --user alice --password-fd 3 3< secret > file

Exit codes: 0 done, 1 arguments, 2 cannot connect, 3 refused, 4 what came was altered or no answer of a server.`

async function connect(host: string, port: number, options: ConnectOptions): Promise<void> {
  const reporter = createReporter(options.json === true)
  const sspi = initSecurityInterface()
  const packageName = sspi.querySecurityPackageInfo(options.package).name
  const password = await readSecret(`Password of ${options.user}`, options)
  const credentials = passwordCredential({ user: options.user, domain: options.domain, password })
  const stream = await connectSecurely({ sspi, host, port, package: packageName, target: options.target, credentials })
  const { mechanism, achieved, encrypted } = stream
  const about = { host, port, package: packageName, mechanism, achieved, encrypted }
  reporter.event('connected', about, `connected to ${host}:${port}, by ${mechanism}: ${achieved.join(', ')}`)
  try {
    await relay(stream, reporter)
  } finally {
    // Nobody reads it any more; a terminal or an open pipe would keep the program waiting.
    process.stdin.destroy()
  }
  const { bytesRead, bytesWritten } = stream
  reporter.event('closed', { bytesRead, bytesWritten }, `done: ${bytesRead} bytes received, ${bytesWritten} sent`)
}
