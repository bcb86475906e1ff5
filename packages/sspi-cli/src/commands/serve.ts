import { Command, Option } from 'commander'
import {
  credSspCredential,
  initSecurityInterface,
  qualifiedName,
  SECPKG_CRED_INBOUND,
  type AccountDatabase,
  type CredentialValue,
  type CredHandle,
  type Identity,
  type SecurityFunctionTable,
} from 'sspi'
import { fileAccounts, memoryAccounts } from 'sspi/accounts'
import { defaultCredential, keytabFileCredential } from 'sspi/krb5'
import { createServer, type RemoteEnd, type SecureStream } from 'sspi/net'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'
import { echo, relay } from '../transfer/relay.js'
import { createReporter, type Reporter } from '../transfer/reporter.js'
import { traced } from '../transfer/traced.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import {
  hasChannel,
  refuseCertificates,
  serverCertificates,
  usesCertificates,
  withCertificates,
  type CertificateOptions,
} from './certificate-options.js'
import {
  portNumber,
  withCommonOptions,
  withDigestOptions,
  withTraceOptions,
  withSecretOptions,
  type CommonOptions,
  type DigestCommandOptions,
  type TraceOptions,
} from './common-options.js'

interface ServeOptions extends CommonOptions, SecretOptions, DigestCommandOptions, CertificateOptions, TraceOptions {
  readonly host: string
  readonly port: number
  readonly package: string
  readonly accounts?: string
  readonly user?: string
  readonly keytab?: string
  readonly principal?: string
  readonly allow?: readonly string[]
  readonly once?: true
  readonly echo?: true
}

/** `sspi serve`: lets authenticated clients in, and talks with them. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Wait for clients of `sspi connect`, authenticate them, and talk with one after the other.')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addOption(new Option('-p, --port <number>', 'the port, 0 for any that is free').argParser(portNumber).default(0))
    .option('--package <name>', 'the security package', 'Negotiate')
    .option('--accounts <file>', 'who may come in: an account file')
    .option('-u, --user <name>', 'who may come in: this user alone, `alice` or `DOMAIN\\alice`')
    .option('--keytab <keytab>', 'who may come in: clients with a Kerberos ticket for a service of this keytab')
    .option('--principal <name>', 'with --keytab: tickets for this service only')
    .option('--allow <name...>', 'let nobody else in: names as `alice@EXAMPLE.COM` or `DOMAIN\\alice`')
    .option('--once', 'serve one client, then end')
    .option('--echo', 'send back what comes, to any number of clients, rather than talk here')
    .addHelpText('after', HELP)
    .action(serve)
  return withCommonOptions(
    withTraceOptions(
      withDigestOptions(
        withSecretOptions(
          withCertificates(command, "whose clients' certificates are taken; default: none, anybody may come in"),
          "the user's",
        ),
      ),
    ),
    'print events, data among them, as lines of JSON',
  )
}

const HELP = `
What a client sends goes to the standard output, and the standard input goes to the client; everything else that there
is to say goes to the standard error. Clients that come while another is served wait for their turn. Passwords are asked
for, or come by --password-fd or --password-file; they are never taken from the arguments.

Examples:
  sspi serve --port 4711 --user alice                chat with alice
  sspi serve --port 4711 --user alice --once > file  take a file
  sspi serve --port 4711 --user alice --once < file  give a file
  sspi serve --accounts accounts.txt --echo --json   for programs
  sspi serve --keytab /etc/krb5.keytab               chat with whoever has a Kerberos ticket
  sspi serve --package Schannel                      TLS, with a certificate made on the fly
  sspi serve --package CREDSSP --user alice          the same, and alice's password within

Exit codes: 0 done, 1 arguments, 2 address or file, 4 with --once: what the client sent was altered.`

async function serve(options: ServeOptions): Promise<void> {
  const reporter = createReporter(options.json === true)
  const { name: packageName } = initSecurityInterface().querySecurityPackageInfo(options.package)
  if (!usesCertificates(packageName)) requireClients(packageName, options)
  const identity = await serverIdentity(packageName, options, reporter)
  const { insecureAllowLegacyLayers } = options
  const accounts = await openAccounts(options)
  const sspi = initSecurityInterface({ accounts, digest: { insecureAllowLegacyLayers } })
  // What is wrong with a certificate should be told now, and not to each client.
  const early = usesCertificates(packageName) || hasChannel(packageName)
  const credentials = early ? await acquire(sspi, packageName, identity) : identity
  const { allow } = options
  const authorize = allow === undefined ? undefined : (peer: Identity) => isNamed(peer, allow)
  const exchanges = options.tokens === true ? traced(sspi, reporter) : sspi
  const server = createServer({ sspi: exchanges, package: packageName, credentials, authorize })
  await new Promise<void>((resolve, reject) => {
    let turn = Promise.resolve()
    server.on('error', reject)
    server.on('refused', (error, from) => {
      const { message, code } = describeFailure(error)
      reporter.event('refused', { from: endText(from), code, message }, `${endText(from)} was refused: ${message}`)
    })
    server.on('secureConnection', (stream, from) => {
      // Before its turn a client's failure has nobody to tell; its turn tells it then.
      const talk = (): Promise<void> => converse(stream, from, options, reporter)
      const over = options.echo === true ? talk() : turn.then(talk)
      const told = over.catch((error: unknown) => tellFailure(error, from, reporter, options.once === true))
      turn = told.catch(() => undefined)
      if (options.once !== true) return
      void server.close()
      told.then(resolve, reject)
    })
    server.listen({ host: options.host, port: options.port }).then(() => {
      const address = hostAndPort(options.host, server.port)
      const about = { host: options.host, port: server.port, package: packageName }
      reporter.event('listening', about, `listening on ${address} with ${packageName}`)
    }, reject)
  }).finally(() => process.stdin.destroy())
}

async function acquire(
  sspi: SecurityFunctionTable,
  packageName: string,
  authData: CredentialValue | undefined,
): Promise<CredHandle> {
  const inbound = { package: packageName, credentialUse: SECPKG_CRED_INBOUND, authData }
  const { credential } = await sspi.acquireCredentialsHandle(inbound)
  return credential
}

async function converse(
  stream: SecureStream,
  from: RemoteEnd,
  options: ServeOptions,
  reporter: Reporter,
): Promise<void> {
  const client = stream.peer === undefined ? '' : qualifiedName(stream.peer)
  const who = client === '' ? 'a client without a name' : client
  const { packageName, mechanism, achieved, encrypted } = stream
  const about = { client, from: endText(from), package: packageName, mechanism, achieved, encrypted }
  const words = `${who} connected from ${endText(from)}, by ${mechanism}: ${achieved.join(', ')}`
  reporter.event('connected', about, words)
  await (options.echo === true ? echo(stream) : relay(stream, reporter))
  const { bytesRead, bytesWritten } = stream
  const counts = `${bytesRead} bytes received, ${bytesWritten} sent`
  reporter.event('closed', { client, bytesRead, bytesWritten }, `${who} is done: ${counts}`)
}

/** A client's failure ends only a server that has no other clients. */
function tellFailure(error: unknown, from: RemoteEnd, reporter: Reporter, isLast: boolean): void {
  if (isLast) throw error
  const { message, code } = describeFailure(error)
  reporter.event('failed', { from: endText(from), code, message }, `${endText(from)} failed: ${message}`)
}

/** Certificates for Schannel; the keys of tickets for the others; for CredSSP one in the other. */
async function serverIdentity(
  packageName: string,
  options: ServeOptions,
  reporter: Reporter,
): Promise<CredentialValue | undefined> {
  if (usesCertificates(packageName)) {
    refuseAccounts(options)
    return serverCertificates(options, options.host, reporter)
  }
  const identity = ticketKeys(packageName, options)
  if (hasChannel(packageName)) {
    return credSspCredential({ identity, tls: await serverCertificates(options, options.host, reporter) })
  }
  refuseCertificates(options)
  return identity
}

/** What tickets are opened with: the keys of the keytab; for Kerberos alone, where none is named, those of the default one. */
function ticketKeys(packageName: string, { keytab, principal }: ServeOptions): CredentialValue | undefined {
  if (keytab !== undefined) return keytabFileCredential(keytab, { principal })
  if (packageName === 'Kerberos') return defaultCredential()
  if (principal === undefined) return undefined
  throw new CommandError(ExitCode.USAGE, '--principal goes with --keytab: it is one of its services')
}

/** Nobody proves a password or a ticket by TLS: to name accounts would seem to keep others out. */
function refuseAccounts({ accounts, user, keytab, principal, allow, ca }: ServeOptions): void {
  if ([accounts, user, keytab, principal].some((each) => each !== undefined)) {
    throw new CommandError(
      ExitCode.USAGE,
      'Schannel knows no accounts and no tickets',
      'say by --ca whose certificates clients need, and by --allow which of them may come in',
    )
  }
  if (allow === undefined || ca !== undefined) return
  throw new CommandError(ExitCode.USAGE, '--allow needs --ca: clients without a certificate have no name')
}

/** Somebody must be able to come in: by accounts, by tickets, or both. */
function requireClients(packageName: string, { accounts, user, keytab }: ServeOptions): void {
  const given = [accounts, user].filter((each) => each !== undefined).length
  const withTickets = keytab !== undefined || packageName === 'Kerberos'
  if (given === 1 || (given === 0 && withTickets)) return
  throw new CommandError(
    ExitCode.USAGE,
    'say who may come in, by --accounts or by --user (one of them), or by --keytab, or by both kinds',
  )
}

async function openAccounts(options: ServeOptions): Promise<AccountDatabase | undefined> {
  const { accounts: path, user } = options
  if (user !== undefined) {
    return memoryAccounts([{ user, password: await readSecret(`Password of ${user}`, options) }])
  }
  if (path === undefined) return undefined
  const accounts = fileAccounts(path)
  try {
    await accounts.load()
  } catch (cause) {
    throw new CommandError(ExitCode.IO, describeFailure(cause).message, 'docs/accounts.md describes account files', {
      cause,
    })
  }
  return accounts
}

/** Whether a client is among those named, as `DOMAIN\\alice` or as `alice@DOMAIN`. */
function isNamed(peer: Identity, names: readonly string[]): boolean {
  return names.includes(qualifiedName(peer)) || names.includes(`${peer.name}@${peer.domain}`)
}

function endText({ address, port }: RemoteEnd): string {
  return address === undefined ? 'a local socket' : hostAndPort(address, port ?? 0)
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
