import { randomBytes } from 'node:crypto'
import { Command, InvalidArgumentError } from 'commander'
import { defaultSalt, formatPrincipal, KerberosKey, type Principal } from 'sspi/kerberos'
import { loadKeytabFile, saveKeytabFile } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { appendEntries, entryOf, isChosen, keyOfDigits, keyOfPassword } from '../kerberos/keytab-entries.js'
import { keytabJson, keytabTable } from '../kerberos/keytab-listing.js'
import { runKtutilShell } from '../kerberos/ktutil-shell.js'
import { Machine } from '../kerberos/machine.js'
import { mitExit } from '../kerberos/mit-exit.js'
import { enctypeArgument } from '../kerberos/ticket-facts.js'
import { wipeKeytab } from '../kerberos/wipe-files.js'
import { print, printJson } from '../terminal/output.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { withCommonOptions, withSecretOptions, type CommonOptions } from './common-options.js'

/** `sspi ktutil`: keytabs, by subcommands or in a dialogue like MIT's. */
export function ktutilCommand(): Command {
  const command = new Command('ktutil')
    .description("Look into keytabs and change them: by subcommands, or, without one, in a dialogue like MIT's ktutil.")
    .helpCommand(false)
    .option('--show-keys', 'in the dialogue: let `list -k` show keys')
    .addHelpText('after', HELP)
    .action(mitExit(dialogue))
  for (const create of [listCommand, addCommand, removeCommand, copyCommand, changeSaltCommand]) {
    command.addCommand(create().copyInheritedSettings(command))
  }
  return withCommonOptions(command, 'of the subcommands: print an array of entries')
}

const HELP = `
Examples:
  sspi ktutil list /etc/krb5.keytab
  sspi ktutil add alice.keytab -p alice@EXAMPLE.COM -k 1 -e aes256-sha1
  sspi ktutil remove alice.keytab -p alice@EXAMPLE.COM -k 1
  sspi ktutil copy one.keytab all.keytab
  printf 'rkt one.keytab\\nwkt all.keytab\\n' | sspi ktutil

The dialogue knows MIT's commands: rkt, wkt, addent, delent, list, clear, lr, quit. Where its input is no terminal, the
password of addent is the line behind it.

Exit codes, as MIT's: 0 done, 1 failed.`

interface ListOptions extends CommonOptions {
  readonly timestamps?: true
  readonly enctypes?: true
  readonly showKeys?: true
}

interface AddOptions extends CommonOptions, SecretOptions {
  readonly principal: string
  readonly kvno: number
  readonly enctype: readonly number[]
  readonly salt?: string
  readonly random?: true
  readonly key?: true
}

interface ChoiceOptions extends CommonOptions {
  readonly principal: string
  readonly kvno?: number
  readonly enctype?: number
}

interface ChangeSaltOptions extends CommonOptions, SecretOptions {
  readonly principal: string
  readonly salt: string
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List the entries.')
    .argument('[keytab]', 'default: KRB5_KTNAME, else as krb5.conf says')
    .option('-t, --timestamps', 'show when they were written')
    .option('-e, --enctypes', 'show encryption types')
    .option('--show-keys', 'show the keys: whoever sees them can be the principals')
    .addHelpText('after', '\nExamples:\n  sspi ktutil list -te /etc/krb5.keytab')
    .action(mitExit(list))
  return withCommonOptions(command, 'print an array of objects: slot, principal, kvno, enctype, timestamp')
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Add keys made of a password, or random ones.')
    .argument('<keytab>', 'made where it is not there')
    .requiredOption('-p, --principal <principal>', 'whose keys')
    .option('-k, --kvno <number>', 'the version of the keys', kvnoArgument, 1)
    .option('-e, --enctype <name>', 'the encryption type; several times for several', collectEnctypes, [])
    .option('-s, --salt <text>', 'the salt; default: realm and name')
    .option('--random', 'random keys, no password')
    .option('--key', 'what is given as password is the key in hexadecimal')
    .addHelpText(
      'after',
      '\nExamples:\n  sspi ktutil add alice.keytab -p alice@EXAMPLE.COM -e aes256-sha1 -e aes128-sha1',
    )
    .action(mitExit(add))
  return withCommonOptions(withSecretOptions(command, "the principal's"), 'print an array of the entries added')
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('Remove entries.')
    .argument('<keytab>')
    .requiredOption('-p, --principal <principal>', 'whose')
    .option('-k, --kvno <number>', 'of this version only', kvnoArgument)
    .option('-e, --enctype <name>', 'of this encryption type only', enctypeArgument)
    .addHelpText('after', '\nExamples:\n  sspi ktutil remove alice.keytab -p alice@EXAMPLE.COM -k 1')
    .action(mitExit(remove))
  return withCommonOptions(command, 'print an array of the entries removed')
}

function copyCommand(): Command {
  const command = new Command('copy')
    .description('Copy the entries of one keytab behind those of another.')
    .argument('<from>')
    .argument('<to>', 'made where it is not there')
    .addHelpText('after', '\nExamples:\n  sspi ktutil copy one.keytab all.keytab')
    .action(mitExit(copy))
  return withCommonOptions(command, 'print an array of the entries copied')
}

function changeSaltCommand(): Command {
  const command = new Command('change-salt')
    .description('Make the keys of a principal anew, of the same password with another salt, as after a renaming.')
    .argument('<keytab>')
    .requiredOption('-p, --principal <principal>', 'whose; the newest version of its keys is made anew')
    .requiredOption('-s, --salt <text>', 'the salt that the KDC has')
    .addHelpText(
      'after',
      '\nExamples:\n  sspi ktutil change-salt alice.keytab -p alice@EXAMPLE.COM -s EXAMPLE.COMalicia',
    )
    .action(mitExit(changeSalt))
  return withCommonOptions(withSecretOptions(command, "the principal's"), 'print an array of the entries made anew')
}

async function dialogue(options: CommonOptions & { readonly showKeys?: true }): Promise<void> {
  if (options.json === true) {
    throw new CommandError(ExitCode.USAGE, '--json goes with the subcommands, as `ktutil list`')
  }
  await runKtutilShell(await Machine.load(), options.showKeys === true)
}

async function list(path: string | undefined, options: ListOptions): Promise<void> {
  const { config } = await Machine.load()
  const keytab = await loadKeytabFile(path ?? config.defaultKeytabName)
  try {
    const { timestamps, enctypes, showKeys: keys } = options
    if (options.json === true) await printJson(keytabJson(keytab, keys === true))
    else await print(keytabTable(keytab, { slots: true, timestamps, enctypes, keys }))
  } finally {
    wipeKeytab(keytab)
  }
}

async function add(path: string, options: AddOptions): Promise<void> {
  const machine = await Machine.load()
  const principal = machine.principal(options.principal)
  if (options.enctype.length === 0) {
    throw new CommandError(ExitCode.USAGE, 'say which keys, by -e: aes256-sha1 is what every KDC has')
  }
  const makeKey = await keyMaker(machine, principal, options)
  const entries = []
  for (const enctype of options.enctype) entries.push(entryOf(principal, options.kvno, await makeKey(enctype)))
  await settle(path, entries, options)
}

/** Where keys come from: chance, digits, or a password. */
async function keyMaker(
  machine: Machine,
  principal: Principal,
  options: AddOptions,
): Promise<(enctype: number) => KerberosKey | Promise<KerberosKey>> {
  if (options.random === true) {
    return (enctype) => KerberosKey.generate(enctype, (length) => new Uint8Array(randomBytes(length)))
  }
  const who = formatPrincipal(principal)
  if (options.key === true) {
    const digits = await readSecret(`Key of ${who}, in hexadecimal`, options)
    return (enctype) => keyOfDigits(enctype, digits)
  }
  const password = await readSecret(`Password for ${who}`, options)
  const salt = options.salt === undefined ? defaultSalt(principal) : new TextEncoder().encode(options.salt)
  return (enctype) => machine.run(keyOfPassword(enctype, password, salt))
}

async function remove(path: string, options: ChoiceOptions): Promise<void> {
  const machine = await Machine.load()
  const choice = { ...options, principal: machine.principal(options.principal) }
  const keytab = await loadKeytabFile(path)
  try {
    const removed = keytab.entries.filter((entry) => isChosen(entry, choice))
    if (removed.length === 0) throw noEntry(path, choice.principal)
    await saveKeytabFile(path, { ...keytab, entries: keytab.entries.filter((entry) => !isChosen(entry, choice)) })
    if (options.json === true) await printJson(keytabJson({ entries: removed }, false))
  } finally {
    wipeKeytab(keytab)
  }
}

async function copy(from: string, to: string, options: CommonOptions): Promise<void> {
  await settle(to, (await loadKeytabFile(from)).entries, options)
}

async function changeSalt(path: string, options: ChangeSaltOptions): Promise<void> {
  const machine = await Machine.load()
  const principal = machine.principal(options.principal)
  const keytab = await loadKeytabFile(path)
  try {
    const own = keytab.entries.filter((entry) => isChosen(entry, { principal }))
    const kvno = Math.max(...own.map((entry) => entry.kvno))
    const old = own.filter((entry) => entry.kvno === kvno)
    if (old.length === 0) throw noEntry(path, principal)
    const password = await readSecret(`Password for ${formatPrincipal(principal)}`, options)
    const salt = new TextEncoder().encode(options.salt)
    const entries = []
    for (const { key } of old) {
      entries.push(entryOf(principal, kvno, await machine.run(keyOfPassword(key.keytype, password, salt))))
    }
    const kept = keytab.entries.filter((entry) => !old.includes(entry))
    await saveKeytabFile(path, { ...keytab, entries: [...kept, ...entries] })
    if (options.json === true) await printJson(keytabJson({ entries }, false))
    wipeKeytab({ entries })
  } finally {
    wipeKeytab(keytab)
  }
}

/** Appends entries to a file, and wipes them. */
async function settle(path: string, entries: Parameters<typeof appendEntries>[1], options: CommonOptions) {
  try {
    await appendEntries(path, entries)
    if (options.json === true) await printJson(keytabJson({ entries }, false))
  } finally {
    wipeKeytab({ entries })
  }
}

function noEntry(path: string, principal: Principal): CommandError {
  return new CommandError(
    ExitCode.FAILED,
    `${path}: there is no such entry of ${formatPrincipal(principal)}`,
    `\`sspi ktutil list ${path}\` shows what there is`,
  )
}

function kvnoArgument(text: string): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(number <= 0xffff_ffff)) throw new InvalidArgumentError('0 to 4294967295 expected.')
  return number
}

function collectEnctypes(text: string, before: readonly number[]): readonly number[] {
  return [...before, enctypeArgument(text)]
}
