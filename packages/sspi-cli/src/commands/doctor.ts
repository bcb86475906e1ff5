import { Command } from 'commander'
import { examine } from '../doctor/examination.js'
import type { Finding } from '../doctor/finding.js'
import { machineSurroundings } from '../doctor/machine-surroundings.js'
import type { LogonChoice } from '../doctor/surroundings.js'
import { ExitCode } from '../exit-codes.js'
import { print, printJson } from '../terminal/output.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { styleFor, type Style } from '../terminal/style.js'
import { withCommonOptions, withSecretOptions, type CommonOptions } from './common-options.js'

interface DoctorOptions extends CommonOptions, SecretOptions {
  readonly cache?: string
  readonly user?: string
  readonly keytab?: string
  readonly serverKeytab?: string
}

/** `sspi doctor`: why a service cannot be reached with Kerberos, and what to do. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Find out why a service cannot be reached with Kerberos, and what to do about it.')
    .argument('<service>', 'its name: HTTP/www.example.com')
    .option('-c, --cache <cache>', 'log on with the tickets of this cache; default: KRB5CCNAME, else as krb5.conf says')
    .option('-u, --user <user>', 'log on as this user, with a password')
    .option('-t, --keytab <keytab>', "log on with a key of this keytab: of --user, or of its first entry's principal")
    .option('-s, --server-keytab <keytab>', "the service's keytab, to see whether it opens the ticket")
    .addHelpText('after', HELP)
    .action(doctor)
  withSecretOptions(command, "the user's")
  return withCommonOptions(command, 'print an object: service, healthy, findings with check, verdict, id, what, advice')
}

const HELP = `
It looks at, in this order: krb5.conf; the name of the service; the credentials; whether the KDCs can be found and answer,
over UDP and TCP; the clock; the log-on; the service's ticket; the service's keytab; and the whole exchange, with the
service's side played here. Nothing is changed: tickets that it gets are not kept.

Examples:
  sspi doctor HTTP/www.example.com
  sspi doctor HTTP/www.example.com --user alice
  sspi doctor HTTP/www.example.com --server-keytab /etc/apache2/http.keytab
  sspi doctor MSSQLSvc/db.example.com:1433 --json

Exit codes: 0 all is well, perhaps with warnings; 5 something is broken.`

async function doctor(target: string, options: DoctorOptions): Promise<void> {
  const logon = await logonOf(options)
  const { serverKeytab: serviceKeytab, json = false } = options
  const style = styleFor(process.stdout)
  const findings: Finding[] = []
  for await (const finding of examine({ target, logon, serviceKeytab }, machineSurroundings(options.cache))) {
    findings.push(finding)
    if (!json) await print(inWords(finding, style))
  }
  const broken = findings.filter(({ verdict }) => verdict === 'failed')
  if (broken.length > 0) process.exitCode = ExitCode.CHECK
  if (json) return printJson({ service: target, healthy: broken.length === 0, findings })
  await print(`\n${summary(target, findings, style)}\n`)
}

async function logonOf(options: DoctorOptions): Promise<LogonChoice> {
  const { user, keytab } = options
  if (keytab !== undefined) return { kind: 'keytab', name: keytab, principal: user }
  if (user === undefined) return { kind: 'cache' }
  return { kind: 'password', user, password: await readSecret(`Password for ${user}`, options) }
}

const SIGNS = { ok: 'ok', warning: 'warning', failed: 'FAILED', skipped: 'skipped' } as const

function inWords({ check, verdict, what, advice }: Finding, style: Style): string {
  const paint = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim }[verdict]
  const line = `${paint(SIGNS[verdict].padEnd(8))} ${check.padEnd(14)} ${what}\n`
  return advice === undefined ? line : `${line}${' '.repeat(24)}${style.bold(advice)}\n`
}

function summary(target: string, findings: readonly Finding[], style: Style): string {
  const first = findings.find(({ verdict }) => verdict === 'failed')
  if (first !== undefined) return `${style.red('Begin with this:')} ${first.advice ?? first.what}`
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length
  const so = warnings === 0 ? '' : `, with ${warnings} warning${warnings === 1 ? '' : 's'}`
  return style.green(`Nothing stands between this machine and ${target}${so}.`)
}
