import { InvalidArgumentError, Option, type Command } from 'commander'

/** What every command understands. */
export interface CommonOptions {
  readonly json?: true
  readonly verbose?: true
}

/** Adds the options of every command. */
export function withCommonOptions(command: Command, json: string): Command {
  return command.option('--json', json).option('--verbose', 'show what lies beneath a failure')
}

/** What `serve` and `connect` show on demand. */
export interface TraceOptions {
  readonly tokens?: true
}

/** Adds the option that shows the tokens of an exchange. */
export function withTraceOptions(command: Command): Command {
  return command.option('--tokens', 'show each token of the exchange, as `sspi decode` does')
}

/** What `serve` and `connect` understand of Digest. */
export interface DigestCommandOptions {
  readonly insecureAllowLegacyLayers?: true
}

/** Adds what Digest needs to encrypt messages. */
export function withDigestOptions(command: Command): Command {
  return command.option(
    '--insecure-allow-legacy-layers',
    'let WDigest encrypt, by RC4, DES or triple DES: it has nothing else',
  )
}

/** Adds the two ways to hand over a password without typing it. */
export function withSecretOptions(command: Command, whose: string): Command {
  return command
    .addOption(
      new Option('--password-fd <number>', `read ${whose} password from this file descriptor, one line`).argParser(
        descriptorNumber,
      ),
    )
    .option('--password-file <file>', `read ${whose} password from the first line of this file`)
}

/** Adds the two ways to hand over a new password without typing it. */
export function withNewSecretOptions(command: Command, whose: string, when: string): Command {
  return command
    .addOption(
      new Option('--new-password-fd <number>', `read ${whose} new password from here, ${when}`).argParser(
        descriptorNumber,
      ),
    )
    .option('--new-password-file <file>', `read ${whose} new password from the first line of this file`)
}

/** A port, 0 to 65535. @throws `InvalidArgumentError` for anything else. */
export function portNumber(text: string): number {
  return naturalNumber(text, 65535)
}

/** A file descriptor. @throws `InvalidArgumentError` for what is none. */
export function descriptorNumber(text: string): number {
  return naturalNumber(text, 1023)
}

function naturalNumber(text: string, maximum: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(number <= maximum)) throw new InvalidArgumentError(`0 to ${maximum} expected.`)
  return number
}
