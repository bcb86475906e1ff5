import { Command, Option } from 'commander'
import { SspiError } from 'sspi'
import {
  principalAttributeNames,
  readPrincipalAttribute,
  writePrincipalAttributes,
  type FilePrincipals,
  type PrincipalAttributes,
  type PrincipalSummary,
} from 'sspi/kdc'
import { readKeytab } from 'sspi/kerberos'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { RealmFolder } from '../kdc/realm-folder.js'
import { serveRealm } from '../kdc/serve-realm.js'
import { appendEntries } from '../kerberos/keytab-entries.js'
import { enctypeArgument, enctypeName } from '../kerberos/ticket-facts.js'
import { wipeKeytab } from '../kerberos/wipe-files.js'
import { readNewSecret } from '../terminal/new-secret.js'
import { print, printJson } from '../terminal/output.js'
import type { SecretOptions } from '../terminal/secret.js'
import { formatTable } from '../terminal/table.js'
import { createReporter } from '../transfer/reporter.js'
import { portNumber, withCommonOptions, withSecretOptions, type CommonOptions } from './common-options.js'

const DEFAULT_FOLDER = 'kdc'
const DEFAULT_REALM = 'DEV.TEST'

interface FolderOptions extends CommonOptions {
  readonly folder?: string
}

interface ServeOptions extends FolderOptions {
  readonly realm?: string
  readonly host: string
  readonly port: number
  readonly kpasswdPort: number
  readonly allowPostdated?: true
  readonly insecureAllowRc4?: true
  readonly insecureAllowDes3?: true
  readonly insecureAllowUnstrengthenedFast?: true
}

interface AddOptions extends FolderOptions, SecretOptions {
  readonly randomKey?: true
  readonly enctype: readonly number[]
  readonly alias: readonly string[]
  readonly enterpriseName: readonly string[]
  readonly set: readonly string[]
  readonly keytab?: string
}

interface PasswordOptions extends FolderOptions, SecretOptions {
  readonly randomKey?: true
}

/** `sspi kdc`: a Kerberos realm in a folder, for development. */
export function kdcCommand(): Command {
  const command = new Command('kdc')
    .description('Run a Kerberos realm for development, kept in a folder that the first start makes.')
    .helpCommand(false)
    .option('--realm <name>', `the name of the realm, when it is made; default ${DEFAULT_REALM}`)
    .option('--host <address>', 'the IP address to listen on', '127.0.0.1')
    .addOption(
      new Option('-p, --port <number>', 'the port, 0 for any that is free').argParser(portNumber).default(8888),
    )
    .addOption(
      new Option('--kpasswd-port <number>', 'the port for changes of passwords, 0 for any that is free')
        .argParser(portNumber)
        .default(8464),
    )
    .option('--allow-postdated', 'tickets may start in the future')
    .option('--insecure-allow-rc4', 'let RC4 in, whose keys are unsalted hashes of passwords')
    .option('--insecure-allow-des3', 'let triple DES in')
    .option('--insecure-allow-unstrengthened-fast', "leave FAST's replies to clients of Heimdal 7 open to guesses")
    .addHelpText('after', HELP)
    .action(ofFolder(serve))
  withFolder(withCommonOptions(command, 'print events as lines of JSON'))
  const subcommands = [initCommand, addCommand, passwordCommand, setCommand, removeCommand, listCommand, keytabCommand]
  for (const create of subcommands) command.addCommand(withFolder(create().copyInheritedSettings(command)))
  return command
}

const HELP = `
The folder holds the principals (no passwords, but keys, sealed under the master key beside them) and a krb5.conf for
clients, which is written at each start. Principals can be changed while the KDC runs. Passwords are asked for, or come by
--password-fd or --password-file; they are never taken from the arguments.

Examples:
  sspi kdc init --realm EXAMPLE.TEST                       make a realm in ./kdc
  sspi kdc add alice                                       a user; asks for the password
  sspi kdc add HTTP/localhost --keytab http.keytab         a service with random keys, and its keytab
  sspi kdc                                                 serve it, until Ctrl-C
  export KRB5_CONFIG=kdc/krb5.conf; kinit alice            in another terminal

Exit codes: 0 done, 1 arguments, 2 address, folder or file.`

function initCommand(): Command {
  const command = new Command('init')
    .description('Make a realm: random keys for its own services, no users yet.')
    .option('--realm <name>', `the name of the realm; default ${DEFAULT_REALM}`)
    .action(ofFolder(init))
  return withCommonOptions(command, 'print an object: realm, folder')
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Add a principal: a user with a password, a service (its name has a /) with random keys.')
    .argument('<principal>', '`alice`, `HTTP/www.example.com`, `krbtgt/OTHER.REALM` for a realm that trusts this one')
    .option('-r, --random-key', 'random keys, for a user too')
    .option('-e, --enctype <name>', 'the encryption type of its keys; several times for several', collectEnctypes, [])
    .option('--alias <name>', 'another name; several times for several', collect, [])
    .option('--enterprise-name <name>', 'a name with an @, such as an e-mail address', collect, [])
    .option('-s, --set <attribute=value>', 'as `sspi kdc set`; several times for several', collect, [])
    .option('-k, --keytab <file>', 'write its keys into this keytab, behind what is in there')
    .addHelpText('after', '\nExamples:\n  sspi kdc add alice\n  sspi kdc add HTTP/localhost --keytab http.keytab')
    .action(ofFolder(add))
  return withCommonOptions(withSecretOptions(command, "the principal's"), 'print an object: the principal')
}

function passwordCommand(): Command {
  const command = new Command('password')
    .description('Give a principal a new password, or new random keys; tickets under the old keys stay good.')
    .argument('<principal>')
    .option('-r, --random-key', 'random keys, no password')
    .addHelpText('after', '\nExamples:\n  sspi kdc password alice\n  sspi kdc password HTTP/localhost --random-key')
    .action(ofFolder(password))
  return withCommonOptions(withSecretOptions(command, "the principal's new"), 'print an object: the principal')
}

function setCommand(): Command {
  const command = new Command('set')
    .description('Change what a principal may do. It also forgets log-ons of it that failed: a locked account is free.')
    .argument('<principal>')
    .argument('[attribute=value...]', 'nothing behind the = for the default')
    .addHelpText(
      'after',
      `\nAttributes: ${principalAttributeNames.join(', ')}.
Values: yes and no, times (2030-01-31T00:00:00Z), seconds, names of encryption types.

Examples:
  sspi kdc set alice disabled=yes
  sspi kdc set alice expires=2030-01-31T00:00:00Z must-change-password=yes
  sspi kdc set alice disabled=`,
    )
    .action(ofFolder(set))
  return withCommonOptions(command, 'print an object: the principal')
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('Remove a principal.')
    .argument('<principal>')
    .addHelpText('after', '\nExamples:\n  sspi kdc remove alice')
    .action(ofFolder(remove))
  return withCommonOptions(command, 'print an object: removed')
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List the principals.')
    .addHelpText('after', '\nExamples:\n  sspi kdc list')
    .action(ofFolder(list))
  return withCommonOptions(command, 'print an array of objects: name, kvno, enctypes, attributes, …')
}

function keytabCommand(): Command {
  const command = new Command('keytab')
    .description('Write the keys of principals into a keytab, behind what is in there. The keys stay as they are.')
    .argument('<file>', 'made, for its owner alone, where it is not there')
    .argument('<principal...>')
    .addHelpText('after', '\nExamples:\n  sspi kdc keytab http.keytab HTTP/localhost HTTP/www.example.com')
    .action(ofFolder(keytab))
  return withCommonOptions(command, 'print an object: keytab, entries')
}

function withFolder(command: Command): Command {
  return command.option('-d, --folder <path>', `the folder of the realm; default ${DEFAULT_FOLDER}`)
}

async function serve(options: ServeOptions): Promise<void> {
  const { folder = DEFAULT_FOLDER, realm = DEFAULT_REALM } = options
  const { host, port, kpasswdPort, allowPostdated } = options
  const { insecureAllowRc4, insecureAllowDes3, insecureAllowUnstrengthenedFast } = options
  const opened = await RealmFolder.openOrCreate(folder, realm)
  if (options.realm !== undefined && opened.realm !== options.realm) {
    throw new CommandError(ExitCode.USAGE, `${opened.path}: the realm in this folder is ${opened.realm}`)
  }
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    const policy = { allowPostdated, insecureAllowRc4, insecureAllowDes3, insecureAllowUnstrengthenedFast }
    const reporter = createReporter(options.json === true)
    await serveRealm(opened, { host, port, kpasswdPort, policy, signal: stop.signal }, reporter)
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}

async function init(given: ServeOptions, command: Command): Promise<void> {
  const { folder = DEFAULT_FOLDER, realm = DEFAULT_REALM, json } = optionsOf(given, command)
  const { path } = await RealmFolder.create(folder, realm)
  if (json === true) await printJson({ realm, folder: path })
  else await print(`${path}: the realm ${realm}; now \`sspi kdc add alice\`, then \`sspi kdc\`\n`)
}

async function add(name: string, given: AddOptions, command: Command): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  const { randomKey, enctype, alias: aliases, enterpriseName: enterpriseNames } = options
  const isGiven = options.passwordFd !== undefined || options.passwordFile !== undefined
  const isRandom = randomKey === true || (name.includes('/') && !isGiven)
  await principals.add({
    name,
    password: isRandom ? undefined : await newPassword(name, options),
    enctypes: enctype.length === 0 ? undefined : enctype,
    aliases,
    enterpriseNames,
    attributes: attributesOf(options.set),
  })
  if (options.keytab !== undefined) await writeKeys(principals, options.keytab, [name])
  await tell(principals, name, options)
}

async function password(name: string, given: PasswordOptions, command: Command): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  await principals.setPassword(name, options.randomKey === true ? undefined : await newPassword(name, options))
  await tell(principals, name, options)
}

async function set(
  name: string,
  assignments: readonly string[],
  given: FolderOptions,
  command: Command,
): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  await principals.setAttributes(name, attributesOf(assignments))
  await tell(principals, name, options)
}

async function remove(name: string, given: FolderOptions, command: Command): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  if (!(await principals.remove(name))) throw new CommandError(ExitCode.USAGE, `there is no principal ${name}`)
  if (options.json === true) await printJson({ removed: name })
}

async function list(given: FolderOptions, command: Command): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  const all = await principals.list()
  if (options.json === true) await printJson(all.map(principalJson))
  else await print(formatTable([['Principal', 'KVNO', 'Encryption types', 'Attributes'], ...all.map(principalRow)]))
}

async function keytab(file: string, names: readonly string[], given: FolderOptions, command: Command): Promise<void> {
  const options = optionsOf(given, command)
  const { principals } = await openRealm(options)
  const entries = await writeKeys(principals, file, names)
  if (options.json === true) await printJson({ keytab: file, entries })
}

/**
 * Makes an action tell what is wrong with the realm's files as what it is: exit code 2, and none of the advice that goes to clients of
 * a KDC that does not answer.
 */
function ofFolder<A extends readonly unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (cause) {
      const isFile = cause instanceof SspiError && cause.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY'
      throw isFile ? new CommandError(ExitCode.IO, cause.message, undefined, { cause }) : cause
    }
  }
}

/** The options of a subcommand; what stands before its name counts as well. */
function optionsOf<T extends FolderOptions>(given: T, command: Command): T {
  return { ...command.parent?.opts(), ...given }
}

function openRealm({ folder = DEFAULT_FOLDER }: FolderOptions): Promise<RealmFolder> {
  return RealmFolder.open(folder)
}

/** A password that is typed is typed twice. */
function newPassword(name: string, { passwordFd, passwordFile }: SecretOptions): Promise<string> {
  return readNewSecret({ newPasswordFd: passwordFd, newPasswordFile: passwordFile }, `Password of ${name}`)
}

/** `disabled=yes`; nothing behind the `=` for the default. */
function attributesOf(assignments: readonly string[]): PrincipalAttributes {
  return Object.assign({}, ...assignments.map(attributeOf)) as PrincipalAttributes
}

function attributeOf(assignment: string): PrincipalAttributes {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(assignment) ?? []
  const attribute = readPrincipalAttribute(name, value)
  if (attribute !== undefined) return attribute
  const hint = `attributes: ${principalAttributeNames.join(', ')}`
  throw new CommandError(ExitCode.USAGE, `${assignment}: no attribute, or not a value of its form`, hint)
}

/** @returns how many entries there are of them. */
async function writeKeys(principals: FilePrincipals, file: string, names: readonly string[]): Promise<number> {
  const bytes = await principals.keytab(...names)
  const made = readKeytab(bytes)
  try {
    const timestamp = Math.floor(Date.now() / 1000)
    await appendEntries(
      file,
      made.entries.map((entry) => ({ ...entry, timestamp })),
    )
    return made.entries.length
  } finally {
    wipeKeytab(made)
    bytes.fill(0)
  }
}

async function tell(principals: FilePrincipals, name: string, { json }: CommonOptions): Promise<void> {
  const found = json === true ? await principals.find(name) : undefined
  if (found !== undefined) await printJson(principalJson(found))
}

function principalJson({ enctypes, ...principal }: PrincipalSummary): object {
  return { ...principal, enctypes: enctypes.map(enctypeName) }
}

function principalRow({
  name,
  kvno,
  enctypes,
  attributes,
  aliases,
  enterpriseNames,
}: PrincipalSummary): readonly string[] {
  const others = [...aliases, ...enterpriseNames].map((other) => `alias ${other}`)
  return [
    name,
    String(kvno),
    enctypes.map(enctypeName).join(', '),
    [...others, ...writePrincipalAttributes(attributes)].join('; '),
  ]
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}

function collectEnctypes(text: string, before: readonly number[]): readonly number[] {
  return [...before, enctypeArgument(text)]
}
