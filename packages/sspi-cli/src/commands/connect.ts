import { Argument, Command } from 'commander'
import {
  credSspCredential,
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  SECPKG_CRED_OUTBOUND,
  type CredentialValue,
} from 'sspi'
import type { KerberosConfig } from 'sspi/krb5'
import { connect as connectSecurely } from 'sspi/net'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { relay } from '../transfer/relay.js'
import { createReporter } from '../transfer/reporter.js'
import { traced } from '../transfer/traced.js'
import {
  clientCertificates,
  hasChannel,
  refuseCertificates,
  usesCertificates,
  withCertificates,
  withFingerprint,
  type ClientCertificateOptions,
} from './certificate-options.js'
import {
  portNumber,
  withCommonOptions,
  withDigestOptions,
  withTraceOptions,
  type CommonOptions,
  type DigestCommandOptions,
  type TraceOptions,
} from './common-options.js'
import { clientIdentity, krb5For, withClientIdentity, type IdentityOptions } from './identity-options.js'

interface ConnectOptions
  extends CommonOptions, IdentityOptions, DigestCommandOptions, ClientCertificateOptions, TraceOptions {
  readonly package: string
  readonly target?: string
  readonly delegate?: true
}

/** `sspi connect`: the other half of `sspi serve`. */
export function connectCommand(): Command {
  const command = new Command('connect')
    .description('Connect to `sspi serve`, authenticate, and talk.')
    .argument('<host>', "the server's name or address")
    .addArgument(new Argument('<port>', 'its port').argParser(portNumber))
    .option('--package <name>', 'the security package', 'Negotiate')
    .option('--target <name>', 'the name of the service; default: host/<host> where <host> is a name')
    .option(
      '--delegate',
      'let the server act in your name: give it a ticket (Kerberos, with a forwardable one), or your password (CREDSSP)',
    )
    .addHelpText('after', HELP)
    .action(connect)
  return withCommonOptions(
    withTraceOptions(
      withDigestOptions(
        withClientIdentity(
          withFingerprint(
            withCertificates(command, "whose servers' certificates are taken; default: public authorities"),
          ),
        ),
      ),
    ),
    'print events, data among them, as lines of JSON',
  )
}

const HELP = `
The standard input goes to the server, what the server sends to the standard output; everything else that there is to
say goes to the standard error. The end of the input is told to the server, which may go on sending.

Without --user, --keytab and --ccache you are who the ticket cache of KRB5CCNAME says, else the keytab of KRB5_CLIENT_KTNAME.

Examples:
  sspi connect server.example.com 4711 --user alice
  sspi connect 127.0.0.1 4711 --user alice --password-file secret < file
  sspi connect 127.0.0.1 4711 --user alice --password-fd 3 3< secret > file
  sspi kinit alice && sspi connect server.example.com 4711
  sspi connect server.example.com 4711 --keytab robot.keytab --target host/server.example.com
  sspi connect server.example.com 4711 --package Schannel --ca printed-by-serve.pem
  sspi connect server.example.com 4711 --package CREDSSP --user alice --ca printed-by-serve.pem --delegate

Exit codes: 0 done, 1 arguments, 2 cannot connect, 3 refused, 4 what came was altered or no answer of a server.`

async function connect(host: string, port: number, options: ConnectOptions): Promise<void> {
  const reporter = createReporter(options.json === true)
  const { name: packageName } = initSecurityInterface().querySecurityPackageInfo(options.package)
  const krb5 = await krb5For(packageName)
  const { insecureAllowLegacyLayers } = options
  const { principal } = options
  // The service stands in every response of Digest and in every certificate, be its host a name or an address.
  const named = packageName === 'WDigest' || usesCertificates(packageName) || hasChannel(packageName)
  const target = options.target ?? (named ? `host/${host}` : undefined)
  // Who says --delegate means this server, once it has proven itself.
  const delegation = options.delegate === true && target !== undefined ? { allowFreshCredentials: [target] } : {}
  const sspi = initSecurityInterface({ krb5, digest: { insecureAllowLegacyLayers }, credssp: { delegation } })
  const { credential: credentials } = await sspi.acquireCredentialsHandle({
    package: packageName,
    credentialUse: SECPKG_CRED_OUTBOUND,
    principal,
    authData: await identityFor(packageName, options, krb5),
    targetName: target ?? `host/${host}`,
  })
  const flags = options.delegate === true ? ISC_REQ_DELEGATE : 0
  const stream = await connectSecurely({
    sspi: options.tokens === true ? traced(sspi, reporter) : sspi,
    host,
    port,
    package: packageName,
    target,
    credentials,
    flags,
  })
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

/** Certificates for Schannel, which needs none; passwords, keys and tickets for the others; for CredSSP one in the other. */
async function identityFor(
  packageName: string,
  options: ConnectOptions,
  krb5: KerberosConfig | undefined,
): Promise<CredentialValue> {
  if (hasChannel(packageName)) {
    return credSspCredential({ identity: await clientIdentity(options, krb5), tls: await clientCertificates(options) })
  }
  if (!usesCertificates(packageName)) {
    refuseCertificates(options)
    return clientIdentity(options, krb5)
  }
  const { user, keytab, ccache, principal } = options
  if ([user, keytab, ccache, principal].some((each) => each !== undefined)) {
    throw new CommandError(ExitCode.USAGE, 'with Schannel you are who your --certificate says')
  }
  return clientCertificates(options)
}
