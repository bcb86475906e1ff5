import { join } from 'node:path'
import { SspiError } from '../../status/index.js'
import { processExpansions, expand } from './expansions.js'
import { kerberosConfig, type KerberosConfig, type KerberosConfigOptions } from './kerberos-config.js'
import { readProfileFiles } from './profile-files.js'
import { parseProfile } from './profile-parser.js'

/**
 * Reads a configuration out of a text, which may include no files.
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY`, with what is wrong and where.
 */
export function parseKrb5Conf(text: string, options: KerberosConfigOptions = {}): KerberosConfig {
  return kerberosConfig(parseProfile(text), options)
}

/**
 * Reads a configuration out of files, the first of which counts most, and of those that they include.
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when none of them is there, or one is not in order.
 */
export async function loadKrb5Conf(
  paths: string | readonly string[],
  options: KerberosConfigOptions = {},
): Promise<KerberosConfig> {
  return kerberosConfig(await readProfileFiles(typeof paths === 'string' ? [paths] : paths), options)
}

/** Options of {@link loadDefaultKrb5Conf}. */
export interface DefaultKrb5ConfOptions extends KerberosConfigOptions {
  /** The environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The operating system, as `process.platform` has it. Default: this one. */
  readonly platform?: NodeJS.Platform | undefined
}

/**
 * Reads the configuration that the environment names: the files of `KRB5_CONFIG` (with `:` between them, on Windows `;`),
 * else the usual ones, which need not be there. `KRB5CCNAME`, `KRB5_KTNAME` and `KRB5_CLIENT_KTNAME` go before the names in
 * the files. Nothing else reads the environment.
 *
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` as {@link loadKrb5Conf}.
 */
export async function loadDefaultKrb5Conf(options: DefaultKrb5ConfOptions = {}): Promise<KerberosConfig> {
  const { env = process.env, platform = process.platform, expansions = processExpansions() } = options
  const named = env['KRB5_CONFIG']?.split(platform === 'win32' ? ';' : ':').filter((path) => path !== '')
  const config = await read(named, usualPaths(platform, env), { expansions })
  const from = (variable: string): string | undefined => {
    const value = env[variable]
    return value === undefined || value === '' ? undefined : expand(value, expansions, variable)
  }
  return {
    ...config,
    defaultCcacheName: from('KRB5CCNAME') ?? config.defaultCcacheName,
    defaultKeytabName: from('KRB5_KTNAME') ?? config.defaultKeytabName,
    defaultClientKeytabName: from('KRB5_CLIENT_KTNAME') ?? config.defaultClientKeytabName,
  }
}

async function read(
  named: readonly string[] | undefined,
  usual: readonly string[],
  options: KerberosConfigOptions,
): Promise<KerberosConfig> {
  if (named !== undefined && named.length > 0) return loadKrb5Conf(named, options)
  try {
    return await loadKrb5Conf(usual, options)
  } catch (error) {
    const cause = error instanceof SspiError ? error.cause : undefined
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return parseKrb5Conf('', options)
    throw error
  }
}

function usualPaths(platform: NodeJS.Platform, env: NonNullable<DefaultKrb5ConfOptions['env']>): readonly string[] {
  if (platform !== 'win32') return ['/etc/krb5.conf', '/usr/local/etc/krb5.conf']
  const data = env['ProgramData'] ?? 'C:\\ProgramData'
  const windows = env['SystemRoot'] ?? 'C:\\Windows'
  return [join(data, 'MIT', 'Kerberos5', 'krb5.ini'), join(windows, 'krb5.ini')]
}
