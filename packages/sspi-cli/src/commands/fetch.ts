import { Command, InvalidArgumentError, Option } from 'commander'
import { SspiError, type FailureName } from 'sspi'
import { authenticationOf, createClient, type HttpClient } from 'sspi/http'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'
import { authenticationFacts, describeAuthentication, refusalOf } from '../fetch/authentication.js'
import { clientOptions, readUrl, type ClientOptions } from '../fetch/client-options.js'
import { LegReporter } from '../fetch/legs.js'
import { readRequest, type ReadyRequest, type RequestOptions } from '../fetch/request.js'
import { outputPath, Received, responseHead, type OutputOptions } from '../fetch/response.js'
import { schemesOf } from '../fetch/schemes.js'
import { print } from '../terminal/output.js'
import { styleFor } from '../terminal/style.js'
import { showProgress } from '../transfer/progress.js'
import { createReporter, type Reporter } from '../transfer/reporter.js'
import { descriptorNumber, withCommonOptions, type CommonOptions } from './common-options.js'
import { withClientIdentity } from './identity-options.js'

interface FetchOptions extends CommonOptions, ClientOptions, RequestOptions, OutputOptions {
  readonly include?: true
  readonly location?: true
  readonly fail?: true
  readonly maxTime?: number
}

/** `sspi fetch`: one request that authenticates itself. */
export function fetchCommand(): Command {
  const command = new Command('fetch')
    .description('Fetch a URL as who you are: by Negotiate, Digest or NTLM, as the server wants it.')
    .argument('<url>', 'http://… or https://…')
    .option('-X, --request <method>', 'the method; default GET, and POST with a body')
    .option('-H, --header <line>', 'a field of the request, `Name: value`; again for more', collect)
    .option('-d, --data <body>', 'a body; `@FILE` is one in a file, `@-` the standard input')
    .option('-I, --head', 'ask for the head alone, and print it')
    .option('-i, --include', "print the response's head before its body")
    .addOption(new Option('-o, --output <file>', 'write the body to this file').conflicts('remoteName'))
    .option('-O, --remote-name', "the same, to a file named as the URL's last part")
    .option('-L, --location', 'follow redirects; who you are is told to the server of the URL alone')
    .option('--hosts <patterns>', 'servers that are told as well: `www.example.com,*.example.com`', list)
    .option('-f, --fail', 'end with 5 when the status is 400 or above')
    .option('--package <names>', 'the ways to authenticate, the best first; default Negotiate,Digest,NTLM', schemesOf)
    .option('--target <name>', 'the name of the service; default: HTTP/<host>')
    .option('--mutual', 'take no server that does not prove itself')
    .option('--delegation <patterns>', 'servers that may act in your name: they get a ticket (Kerberos)', list)
    .option('--cacert <file>', "whose servers' certificates are taken, in PEM; default: public authorities")
    .option('--insecure', 'TAKE ANY CERTIFICATE: whoever is in between can be the server')
    .option('-x, --proxy <url>', 'go through this proxy; `environment`: that of http_proxy, https_proxy, no_proxy')
    .option('--proxy-package <names>', 'the ways to authenticate to it; default: the same', schemesOf)
    .option('--proxy-user <name>', 'who you are at the proxy, by a password; default: the same')
    .addOption(
      new Option('--proxy-password-fd <number>', "read the proxy user's password from this descriptor").argParser(
        descriptorNumber,
      ),
    )
    .option('--proxy-password-file <file>', "read the proxy user's password from the first line of this file")
    .option('--max-time <seconds>', 'give up after that', seconds)
    .addHelpText('after', HELP)
    .action(fetchUrl)
  withCommonOptions(withClientIdentity(command), 'print events, the body among them, as lines of JSON')
  // Also in one letter, as curl has it.
  const verbose = command.options.find(({ long }) => long === '--verbose')
  if (verbose !== undefined) {
    verbose.short = '-v'
    verbose.description = 'show each leg of the authentication, decoded; and what lies beneath a failure'
  }
  return command
}

const HELP = `
Without --user, --keytab and --ccache you are who the ticket cache of KRB5CCNAME says, else the keytab of KRB5_CLIENT_KTNAME.
Tokens that -v shows can be misused while they are young: they are not for others to read.

Examples:
  sspi kinit alice && sspi fetch https://intranet.example.com/
  sspi fetch -v --user 'DOMAIN\\alice' --package NTLM http://intranet/
  sspi fetch --keytab robot.keytab -d @report.json -H 'Content-Type: application/json' https://api.example.com/reports
  sspi fetch -O --proxy http://proxy.example.com:3128 https://www.example.com/file.iso
  sspi fetch --delegation www.example.com https://www.example.com/share

Exit codes: 0 there is a response, 1 arguments, 2 cannot connect, 3 you are refused (401, 407, or nobody to be), 4 what came is no
answer, 5 with --fail: a status of 400 or above.`

async function fetchUrl(address: string, options: FetchOptions): Promise<void> {
  const url = readUrl(address)
  const path = outputPath(url, options)
  const reporter = createReporter(options.json === true)
  const legs = options.verbose === true ? new LegReporter(options.json === true ? reporter : undefined) : undefined
  const settings = await clientOptions(url, options, (leg) => legs?.tell(leg))
  const request = await readRequest(options)
  try {
    await using client = createClient(settings)
    await transfer(client, { url, request, path, reporter, options })
  } catch (error) {
    throw advised(error, options)
  } finally {
    request.close()
  }
}

interface Errand {
  readonly url: URL
  readonly request: ReadyRequest
  /** Where the body goes; `undefined` for the standard output. */
  readonly path: string | undefined
  readonly reporter: Reporter
  readonly options: FetchOptions
}

async function transfer(client: HttpClient, { url, request, path, reporter, options }: Errand): Promise<void> {
  const json = options.json === true
  const received = new Received()
  const progress = showProgress(
    {
      get bytesRead() {
        return received.bytes
      },
      get bytesToRead() {
        return received.expected
      },
      get bytesWritten() {
        return request.bytesSent
      },
      bytesToWrite: request.length,
    },
    // What a terminal shows is not to be written over.
    path !== undefined || !process.stdout.isTTY,
  )
  try {
    const response = await client.fetch(url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: options.location === true ? 'follow' : 'manual',
      signal: options.maxTime === undefined ? undefined : AbortSignal.timeout(options.maxTime * 1000),
    })
    tellResponse(response, options, reporter)
    if ((options.include === true || options.head === true) && !json) await print(responseHead(response))
    await received.drain(response, path, json ? (piece) => reporter.data(piece) : print)
    progress.stop()
    if (json) reporter.event('closed', { bytesRead: received.bytes, bytesWritten: request.bytesSent }, '')
    process.exitCode = verdictOn(response, options)
  } finally {
    progress.stop()
  }
}

/** Says who refuses, on the standard error, and with which code to end. */
function verdictOn(response: Response, { fail, json }: FetchOptions): ExitCode {
  const { status } = response
  const refusal = refusalOf(response)
  if (refusal !== undefined) {
    if (json !== true) {
      const style = styleFor(process.stderr)
      process.stderr.write(`${style.red('sspi:')} ${refusal.message}\n      ${refusal.hint}\n`)
    }
    return ExitCode.REFUSED
  }
  return fail === true && status >= 400 ? ExitCode.CHECK : ExitCode.OK
}

function tellResponse(response: Response, { json, verbose }: FetchOptions, reporter: Reporter): void {
  if (json !== true && verbose !== true) return
  const { status, statusText, url, redirected } = response
  const { origin, proxy } = authenticationOf(response)
  const facts = {
    status,
    statusText,
    url,
    redirected,
    headers: [...response.headers],
    ...authenticationFacts(response),
  }
  const parts = [
    proxy === undefined ? undefined : `proxy: ${describeAuthentication(proxy)}`,
    `${new URL(url).host}: ${describeAuthentication(origin)}`,
    `${status} ${statusText}`,
  ]
  reporter.event('response', facts, parts.filter((part) => part !== undefined).join('; '))
}

/** What to do about a failure, where that differs from what is said of it elsewhere. */
const HINTS: Readonly<Partial<Record<FailureName, string>>> = {
  SEC_E_UNFINISHED_CONTEXT_DELETED:
    'the connection ended before the answer was there: try again, or look at the server',
  SEC_E_INVALID_TOKEN: "the server's part of the authentication does not parse; -v shows it",
  SEC_E_UNTRUSTED_ROOT: 'say by --cacert whose certificates to take',
  SEC_E_MUTUAL_AUTH_FAILED: 'the server did not prove who it is: it may be another',
  SEC_E_CANNOT_PACK: 'give the body by a file, `-d @FILE`: it can be sent again',
}

/** What the library's arguments are called here: it says of those that make no sense which it is. */
const ARGUMENTS: ReadonlyMap<string, string> = new Map([
  ['hosts', '--hosts'],
  ['delegateTo', '--delegation'],
  ['fetch', '--request'],
  ['proxy', '--proxy'],
  ['body', '--data'],
])

function advised(error: unknown, { maxTime }: FetchOptions): unknown {
  if (error instanceof TypeError) {
    const [, name = '', reason = ''] = /^(\w+): (.*)$/s.exec(error.message) ?? []
    const option = ARGUMENTS.get(name)
    return option === undefined
      ? error
      : new CommandError(ExitCode.USAGE, `${option}: ${reason}`, undefined, { cause: error })
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new CommandError(ExitCode.IO, `no answer within ${maxTime ?? 0} s`, 'give it longer by --max-time', {
      cause: error,
    })
  }
  if (!(error instanceof SspiError)) return error
  const { exitCode, message, hint } = describeFailure(error)
  return new CommandError(exitCode, message, HINTS[error.code] ?? hint, { cause: error })
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((each) => each.trim())]
}

function seconds(text: string): number {
  const number = Number(text)
  if (!(number > 0 && number <= 2_147_483)) throw new InvalidArgumentError('a number of seconds expected.')
  return number
}
