import { createInterface } from 'node:readline'
import { defaultSalt, formatPrincipal, type KeytabEntry } from 'sspi/kerberos'
import { loadKeytabFile } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError, reportFailure } from '../failure.js'
import { print } from '../terminal/output.js'
import { readSecret } from '../terminal/secret.js'
import { appendEntries, entryOf, keyOfDigits, keyOfPassword } from './keytab-entries.js'
import { keytabTable } from './keytab-listing.js'
import type { Machine } from './machine.js'
import { failedAsMit } from './mit-exit.js'
import { enctypeArgument } from './ticket-facts.js'
import { wipeKeytab } from './wipe-files.js'

/**
 * A dialogue like MIT's ktutil, with a list of entries in memory. A command that fails is told, and the next one is read;
 * where the input is no terminal the exit code tells as well.
 */
export async function runKtutilShell(machine: Machine, showKeys: boolean): Promise<void> {
  const lines = openLines()
  const shell = new KtutilShell(machine, lines, showKeys)
  try {
    for (let line = await lines.next('ktutil:  '); line !== undefined; line = await lines.next('ktutil:  ')) {
      if (!(await shell.run(line))) break
    }
  } finally {
    lines.close()
    shell.clear()
  }
}

/** The lines of the standard input, and a prompt before each where that is a terminal. */
interface Lines {
  readonly typed: boolean
  next(prompt: string): Promise<string | undefined>
  /** Something else asks at the terminal meanwhile. */
  aside<T>(ask: () => Promise<T>): Promise<T>
  close(): void
}

function openLines(): Lines {
  const { stdin: input, stderr: output } = process
  const typed = input.isTTY
  let reader = createInterface({ input, output, terminal: typed })
  let iterator = reader[Symbol.asyncIterator]()
  return {
    typed,
    async next(prompt) {
      if (typed) output.write(prompt)
      const line: IteratorResult<string, undefined> = await iterator.next()
      return line.value
    },
    async aside(ask) {
      reader.close()
      try {
        return await ask()
      } finally {
        reader = createInterface({ input, output, terminal: typed })
        iterator = reader[Symbol.asyncIterator]()
      }
    },
    close: () => {
      reader.close()
    },
  }
}

type Run = (words: readonly string[]) => Promise<void> | void

class KtutilShell {
  readonly #machine: Machine
  readonly #lines: Lines
  readonly #showKeys: boolean
  #entries: KeytabEntry[] = []
  readonly #commands: ReadonlyMap<string, Run>

  constructor(machine: Machine, lines: Lines, showKeys: boolean) {
    this.#machine = machine
    this.#lines = lines
    this.#showKeys = showKeys
    const table: readonly (readonly [names: string, run: Run])[] = [
      ['read_kt rkt', (words) => this.#read(words)],
      ['write_kt wkt', (words) => this.#write(words)],
      ['add_entry addent', (words) => this.#add(words)],
      ['delete_entry delent', (words) => this.#delete(words)],
      ['list l', (words) => this.#list(words)],
      ['clear_list clear', () => this.clear()],
      ['list_requests lr ?', () => print(REQUESTS)],
      ['read_st rst', noSrvtab],
      ['write_st wst', noSrvtab],
    ]
    this.#commands = new Map(table.flatMap(([names, run]) => names.split(' ').map((name) => [name, run] as const)))
  }

  /** Runs one line. @returns whether there may be more. */
  async run(line: string): Promise<boolean> {
    const [name, ...words] = line.split(/\s+/).filter((word) => word !== '')
    if (name === undefined) return true
    if (name === 'quit' || name === 'exit' || name === 'q') return false
    try {
      const command = this.#commands.get(name)
      if (command === undefined) throw new CommandError(ExitCode.FAILED, `${name}: no such request; \`lr\` lists them`)
      await command(words)
    } catch (error) {
      const exitCode = reportFailure(failedAsMit(error, ExitCode.FAILED), { json: false, verbose: false })
      if (!this.#lines.typed) process.exitCode = exitCode === ExitCode.INTERNAL ? exitCode : ExitCode.FAILED
    }
    return true
  }

  /** Forgets the list, and overwrites its keys. */
  clear(): void {
    wipeKeytab({ entries: this.#entries })
    this.#entries = []
  }

  async #read(words: readonly string[]): Promise<void> {
    const { entries } = await loadKeytabFile(onlyWord(words, 'read_kt <keytab>'))
    this.#entries.push(...entries)
  }

  async #write(words: readonly string[]): Promise<void> {
    await appendEntries(onlyWord(words, 'write_kt <keytab>'), this.#entries)
  }

  #list(words: readonly string[]): Promise<void> {
    const { flags, rest } = readFlags(words, ['-t', '-k', '-e'], [])
    if (rest.length > 0) throw usage('list [-t] [-k] [-e]')
    if (flags.has('-k') && !this.#showKeys) {
      throw new CommandError(
        ExitCode.USAGE,
        'list -k shows secret keys: start ktutil with --show-keys if that is meant',
      )
    }
    const listing = { slots: true, timestamps: flags.has('-t'), enctypes: flags.has('-e'), keys: flags.has('-k') }
    return print(keytabTable({ entries: this.#entries }, listing))
  }

  #delete(words: readonly string[]): void {
    const word = onlyWord(words, 'delete_entry <slot>')
    const slot = /^\d+$/.test(word) ? Number(word) : 0
    const removed = slot === 0 ? [] : this.#entries.splice(slot - 1, 1)
    if (removed.length === 0) throw new CommandError(ExitCode.FAILED, `there is no slot ${word}`)
    wipeKeytab({ entries: removed })
  }

  async #add(words: readonly string[]): Promise<void> {
    const { flags, values, rest } = readFlags(words, ['-key', '-password', '-f'], ['-p', '-k', '-e', '-s'])
    const [name, kvno, enctypeName] = ['-p', '-k', '-e'].map((flag) => values.get(flag))
    if (flags.has('-f')) {
      throw new CommandError(ExitCode.USAGE, 'addent -f: the salt is not asked of the KDC here; give it with -s')
    }
    const ways = flags.has('-key') !== flags.has('-password')
    if (!ways || rest.length > 0 || name === undefined || enctypeName === undefined || !/^\d+$/.test(kvno ?? '')) {
      throw usage('addent (-key | -password) -p <principal> -k <kvno> -e <enctype> [-s <salt>]')
    }
    const principal = this.#machine.principal(name)
    const enctype = enctypeArgument(enctypeName)
    const who = formatPrincipal(principal)
    if (flags.has('-key')) {
      const digits = await this.#secret(`Key for ${who} (hex)`)
      this.#entries.push(entryOf(principal, Number(kvno), keyOfDigits(enctype, digits)))
      return
    }
    const password = await this.#secret(`Password for ${who}`)
    const text = values.get('-s')
    const salt = text === undefined ? defaultSalt(principal) : new TextEncoder().encode(text)
    const key = await this.#machine.run(keyOfPassword(enctype, password, salt))
    this.#entries.push(entryOf(principal, Number(kvno), key))
  }

  /** Typed unseen; where nobody types, the next line. */
  async #secret(prompt: string): Promise<string> {
    if (this.#lines.typed) return this.#lines.aside(() => readSecret(prompt, {}))
    const line = await this.#lines.next('')
    if (line === undefined) throw new CommandError(ExitCode.FAILED, `${prompt}: the input has ended`)
    return line
  }
}

const REQUESTS = `Available ktutil requests:

clear_list, clear       Clear the list.
read_kt, rkt            Read a keytab into the list.
write_kt, wkt           Write the list behind what a keytab has.
add_entry, addent       Add an entry to the list.
delete_entry, delent    Delete an entry from the list.
list, l                 List the entries: -t timestamps, -e encryption types, -k keys.
list_requests, lr, ?    List the requests.
quit, exit, q           Leave.
`

function noSrvtab(): never {
  throw new CommandError(ExitCode.USAGE, 'srvtabs are files of Kerberos 4, which there is nothing of here')
}

function onlyWord(words: readonly string[], form: string): string {
  const [word, more] = words
  if (word === undefined || more !== undefined) throw usage(form)
  return word
}

function usage(form: string): CommandError {
  return new CommandError(ExitCode.USAGE, `usage: ${form}`)
}

interface Flags {
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  readonly rest: readonly string[]
}

function readFlags(words: readonly string[], plain: readonly string[], valued: readonly string[]): Flags {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const rest: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const value = words[at + 1]
    if (plain.includes(word)) flags.add(word)
    else if (valued.includes(word) && value !== undefined) {
      values.set(word, value)
      at++
    } else rest.push(word)
  }
  return { flags, values, rest }
}
