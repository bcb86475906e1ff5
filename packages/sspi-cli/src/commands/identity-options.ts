import { Option, type Command } from 'commander'
import { CREDSSP_NAME, passwordCredential, type CredentialValue } from 'sspi'
import {
  ccacheCredential,
  defaultCredential,
  keytabFileCredential,
  loadDefaultKrb5Conf,
  openCcache,
  type KerberosConfig,
} from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { withSecretOptions } from './common-options.js'

/** Who a program is. */
export interface IdentityOptions extends SecretOptions {
  readonly user?: string
  readonly domain?: string
  readonly keytab?: string
  readonly ccache?: string
  readonly principal?: string
}

/** Adds the options that say who a client is. */
export function withClientIdentity(command: Command): Command {
  command
    .option('-u, --user <name>', 'who you are, by a password: `alice`, `DOMAIN\\alice` or `alice@example.com`')
    .option('--domain <name>', 'the domain, when the name has none')
    .addOption(new Option('--keytab <keytab>', 'who you are, by a key of a keytab').conflicts(['user', 'ccache']))
    .addOption(new Option('--ccache <cache>', 'who you are, by the tickets of a cache').conflicts(['user']))
    .option('--principal <name>', 'with --keytab: whose key; with neither: whose cache, or key, of the default ones')
  return withSecretOptions(command, 'your')
}

/** A client's credential: a password, a keytab, a cache; where nothing is named, what the environment says. */
export async function clientIdentity(
  options: IdentityOptions,
  krb5: KerberosConfig | undefined,
): Promise<CredentialValue> {
  const { user, domain, keytab, ccache, principal } = options
  if (keytab !== undefined) return keytabFileCredential(keytab, { principal })
  if (ccache !== undefined) return ccacheCredential(await openCcache(ccache, { kcmSocket: krb5?.kcmSocket ?? '-' }))
  if (user !== undefined) {
    return passwordCredential({ user, domain, password: await readSecret(`Password of ${user}`, options) })
  }
  if (krb5 === undefined) {
    throw new CommandError(ExitCode.USAGE, 'say who you are, by --user: NTLM knows passwords only')
  }
  return defaultCredential({ krb5 })
}

/** The configuration of Kerberos that the environment names, for packages that use it. */
export async function krb5For(packageName: string): Promise<KerberosConfig | undefined> {
  return WITH_KERBEROS.has(packageName) ? loadDefaultKrb5Conf() : undefined
}

const WITH_KERBEROS: ReadonlySet<string> = new Set(['Kerberos', 'Negotiate', CREDSSP_NAME])
