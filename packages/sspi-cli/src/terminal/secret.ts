import { closeSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** Where a password comes from. Never from the arguments: those are for everyone on the machine to read. */
export interface SecretOptions {
  readonly passwordFd?: number | undefined
  readonly passwordFile?: string | undefined
}

/** Longer passwords are taken for a mistake, such as the wrong file. */
const MAXIMUM_BYTES = 4096
const NEWLINE = 0x0a

/**
 * The password: the first line of a file descriptor or of a file, or what is typed, unseen, at the terminal.
 *
 * @throws {@link CommandError} when there is none to be had.
 */
export async function readSecret(prompt: string, options: SecretOptions): Promise<string> {
  const { passwordFd, passwordFile } = options
  if (passwordFd !== undefined && passwordFile !== undefined) {
    throw new CommandError(ExitCode.USAGE, '--password-fd and --password-file are two ways to say one thing: give one')
  }
  if (passwordFd !== undefined) return firstLine(await readLine(passwordFd), `file descriptor ${passwordFd}`)
  if (passwordFile !== undefined) return firstLine(await readFile(passwordFile), passwordFile)
  return prompted(prompt)
}

/** Reads one line and not a byte more: what follows on the same descriptor is somebody else's. */
async function readLine(fd: number): Promise<Uint8Array> {
  const line = new Uint8Array(MAXIMUM_BYTES + 1)
  for (let length = 0; length < line.length;) {
    try {
      if (readSync(fd, line, length, 1, null) === 0 || line[length] === NEWLINE) return line.subarray(0, length)
      length++
    } catch (error) {
      // A pipe that does not block has nothing for us yet.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      await pause(10)
    }
  }
  return line
}

function firstLine(bytes: Uint8Array, source: string): string {
  const end = bytes.indexOf(NEWLINE)
  const line = end < 0 ? bytes : bytes.subarray(0, end)
  if (line.length > MAXIMUM_BYTES) {
    throw new CommandError(ExitCode.USAGE, `${source}: its first line is too long to be a password`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line).replace(/\r$/, '')
  } catch {
    // The cause would quote the bytes.
    throw new CommandError(ExitCode.USAGE, `${source}: the password is not UTF-8`)
  }
}

/** Asks at the terminal, which need not be the standard input: that may be a file to send. */
async function prompted(message: string): Promise<string> {
  // Loaded by the one that asks: the others start sooner without it.
  const { isCancel, password: askPassword } = await import('@clack/prompts')
  const input = process.stdin.isTTY ? process.stdin : openTerminal()
  try {
    const answer = await askPassword({ message, input, output: process.stderr, mask: '*' })
    if (isCancel(answer)) throw new CommandError(ExitCode.INTERRUPTED, 'interrupted')
    // An empty line comes as nothing at all.
    return typeof answer === 'string' ? answer : ''
  } finally {
    if (input === process.stdin) input.pause()
    else input.destroy()
  }
}

function openTerminal(): ReadStream {
  let fd: number | undefined
  try {
    fd = openSync('/dev/tty', 'r')
    return new ReadStream(fd)
  } catch (cause) {
    if (fd !== undefined) closeSync(fd)
    throw new CommandError(
      ExitCode.USAGE,
      'there is no terminal to ask for the password',
      'give it with --password-fd N (0 is the standard input) or --password-file FILE',
      { cause },
    )
  }
}
