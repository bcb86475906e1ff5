import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { Command } from 'commander'
import { checkNtlm, decodeToken, decodingErrors, Keyring, keysOfPassword, readTokens } from 'sspi/decode'
import type { DecodedNode, FoundToken, NtlmCheck, NtlmMessages, NtlmSecret, Verdict } from 'sspi/decode'
import { writeKeytab } from 'sspi/kerberos'
import { loadKeytabFile } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { wipeKeytab } from '../kerberos/wipe-files.js'
import { print, printJson } from '../terminal/output.js'
import { readSecret, type SecretOptions } from '../terminal/secret.js'
import { styleFor, type Style } from '../terminal/style.js'
import { formatTree } from '../terminal/tree.js'
import { withCommonOptions, withSecretOptions, type CommonOptions } from './common-options.js'

interface DecodeCommandOptions extends CommonOptions, SecretOptions {
  readonly file?: string
  readonly full?: true
  readonly check?: true
  readonly negotiate?: string
  readonly challenge?: string
  readonly ntHash?: true
  readonly showKeys?: true
  readonly keytab?: string
  readonly decrypt?: true
  readonly principal?: string
}

/** `sspi decode`: a token, or all tokens of a trace, as trees. */
export function decodeCommand(): Command {
  const command = new Command('decode')
    .description(
      'Look into tokens of NTLM, Kerberos, SPNEGO, Digest, CredSSP and TLS: every field with its offset, value and meaning.',
    )
    .argument('[token]', 'base64, hexadecimal, or a header line; `-` or nothing reads the standard input')
    .option('-f, --file <file>', 'read the token, or a trace of HTTP with tokens in it, from a file')
    .option('--keytab <keytab>', 'open what is encrypted in Kerberos messages with the keys of this keytab')
    .option('--decrypt', 'ask for a password, and open what is encrypted with the keys that are made of it')
    .option('--principal <name>', 'with --decrypt: whose password it is; default: whoever the messages name')
    .option('--full', 'show long values in full')
    .option('--check', 'ask for the password, and check the response and the MIC of an NTLM AUTHENTICATE')
    .option('--challenge <token>', 'the CHALLENGE that it answers, when the input does not have it; @FILE reads a file')
    .option('--negotiate <token>', 'the NEGOTIATE before that, for the MIC; @FILE reads a file')
    .option('--nt-hash', 'what is given as password is the NT hash in hexadecimal')
    .option('--show-keys', 'show keys: of the session with --check, and those in tickets, caches and keytabs')
    .addHelpText('after', HELP)
    .action(decode)
  return withCommonOptions(
    withSecretOptions(command, "the user's"),
    'print an object: tokens (form, header, tree), check',
  )
}

const HELP = `
Examples:
  sspi decode TlRMTVNTUAABAAAAN4II4gAAAAAoAAAAAAAAACgAAAAADAAAAAAADw==
  curl -v --ntlm -u alice http://intranet/ 2>&1 | sspi decode
  sspi decode --file trace.txt --check
  sspi decode --file ap-req.bin --keytab /etc/krb5.keytab
  sspi decode --file /tmp/krb5cc_1000
  sspi decode --check --negotiate @1.bin --challenge @2.bin --file 3.bin

Exit codes: 0 sound, 4 a token is malformed or of no known kind, 5 a check did not hold.`

async function decode(token: string | undefined, options: DecodeCommandOptions): Promise<void> {
  const tokens = readTokens(await readInput(token, options))
  if (tokens.length === 0) {
    throw new CommandError(
      ExitCode.PROTOCOL,
      'there is no token in the input',
      'base64, hexadecimal and header lines are read',
    )
  }
  using keyring = await openKeyring(tokens, options)
  const decoded = tokens.map(({ form, header, bytes }) => ({ form, header, tree: decodeToken(bytes, { keyring }) }))
  const check = options.check === true ? await checkTokens(tokens, options) : undefined
  if (options.json) await printJson({ tokens: decoded, check: check && printable(check) })
  else await print(report(decoded, check, options.full === true))
  process.exitCode = exitCode(decoded, check)
}

/** The keys that encrypted parts are opened with; whatever is found in these is added on the way. */
async function openKeyring(tokens: readonly FoundToken[], options: DecodeCommandOptions): Promise<Keyring> {
  const keyring = new Keyring({ showKeys: options.showKeys })
  if (options.keytab !== undefined) {
    const keytab = await loadKeytabFile(options.keytab)
    const bytes = writeKeytab(keytab)
    keyring.addKeytab(bytes)
    bytes.fill(0)
    wipeKeytab(keytab)
  }
  if (options.decrypt === true) {
    const password = await readSecret(
      options.principal === undefined ? 'Password' : `Password of ${options.principal}`,
      options,
    )
    const trees = tokens.map(({ bytes }) => decodeToken(bytes))
    await keysOfPassword(password, trees, keyring, options.principal)
  }
  return keyring
}

/** The bytes to look into. Text is found to be text by `readTokens`. */
async function readInput(token: string | undefined, { file }: DecodeCommandOptions): Promise<Uint8Array> {
  if (token !== undefined && token !== '-') {
    if (file !== undefined) throw new CommandError(ExitCode.USAGE, 'give a token or --file, not both')
    return new TextEncoder().encode(token)
  }
  if (file !== undefined) return readFile(file)
  if (process.stdin.isTTY) {
    throw new CommandError(ExitCode.USAGE, 'there is nothing to decode', 'give a token, --file, or pipe one in')
  }
  return buffer(process.stdin)
}

async function checkTokens(tokens: readonly FoundToken[], options: DecodeCommandOptions): Promise<NtlmCheck> {
  const messages = await findMessages(tokens, options)
  const secret = await readSecret(options.ntHash === true ? 'NT hash' : 'Password', options)
  return checkNtlm({ ...messages, ...toSecret(secret, options.ntHash === true), revealKeys: options.showKeys === true })
}

/** The three messages: of the options, else of the input, where the last of each kind counts. */
async function findMessages(tokens: readonly FoundToken[], options: DecodeCommandOptions): Promise<NtlmMessages> {
  const last = (kind: string): Uint8Array | undefined =>
    tokens.map(({ bytes }) => bytes).findLast((bytes) => holds(decodeToken(bytes), `NTLM ${kind}`))
  const authenticate = last('AUTHENTICATE')
  if (authenticate === undefined) {
    throw new CommandError(
      ExitCode.USAGE,
      '--check: there is no NTLM AUTHENTICATE in the input, which is what is checked',
    )
  }
  const challenge = options.challenge === undefined ? last('CHALLENGE') : await readOperand(options.challenge)
  if (challenge === undefined) {
    throw new CommandError(
      ExitCode.USAGE,
      '--check: the CHALLENGE is missing: the response is made over it',
      'give it with --challenge, or a trace that has all messages',
    )
  }
  const negotiate = options.negotiate === undefined ? last('NEGOTIATE') : await readOperand(options.negotiate)
  return { negotiate, challenge, authenticate }
}

async function readOperand(text: string): Promise<Uint8Array> {
  const input = text.startsWith('@') ? await readFile(text.slice(1)) : text
  const [found] = readTokens(input)
  if (found === undefined) throw new CommandError(ExitCode.USAGE, `${text.slice(0, 40)}: there is no token in it`)
  return found.bytes
}

function holds(node: DecodedNode, name: string): boolean {
  return node.label.endsWith(name) || node.children.some((child) => holds(child, name))
}

function toSecret(secret: string, isHash: boolean): NtlmSecret {
  if (!isHash) return { password: secret }
  if (!/^[0-9a-f]{32}$/i.test(secret.trim())) {
    throw new CommandError(ExitCode.USAGE, '--nt-hash: 32 hexadecimal digits expected')
  }
  return { ntHash: Buffer.from(secret.trim(), 'hex') }
}

interface Decoded {
  readonly form: string
  readonly header: string | undefined
  readonly tree: DecodedNode
}

function report(decoded: readonly Decoded[], check: NtlmCheck | undefined, full: boolean): string {
  const style = styleFor(process.stdout)
  const trees = decoded.map(({ form, header, tree }) => {
    const title = style.bold(`${header === undefined ? '' : `${header}  `}${tree.length} bytes, ${form}`)
    return `${title}\n${formatTree(tree, { style, full })}`
  })
  return [...trees, ...(check === undefined ? [] : [checkReport(check, style)])].join('\n')
}

function checkReport(check: NtlmCheck, style: Style): string {
  const { user, domain, responseKind, response, mic, keys } = check
  const name = JSON.stringify(domain === '' ? user : `${domain}\\${user}`)
    .slice(1, -1)
    .replace('\\\\', '\\')
  const lines = [
    style.bold(`Check of ${name}, ${responseKind}`),
    `  response  ${verdict(response, style)}`,
    `  MIC       ${verdict(mic, style)}`,
  ]
  if (keys !== undefined) {
    lines.push(
      `  session base key      ${hex(keys.sessionBaseKey)}`,
      `  exported session key  ${hex(keys.exportedSessionKey)}`,
    )
  }
  return `${lines.join('\n')}\n`
}

function verdict({ result, reason }: Verdict, style: Style): string {
  const paint = { valid: style.green, invalid: style.red, absent: style.yellow, unchecked: style.yellow }[result]
  return reason === undefined ? paint(result) : `${paint(result)}: ${reason}`
}

function printable({ keys, ...rest }: NtlmCheck): object {
  if (keys === undefined) return rest
  const { sessionBaseKey, exportedSessionKey } = keys
  return { ...rest, keys: { sessionBaseKey: hex(sessionBaseKey), exportedSessionKey: hex(exportedSessionKey) } }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function exitCode(decoded: readonly Decoded[], check: NtlmCheck | undefined): ExitCode {
  if (check !== undefined && (check.response.result !== 'valid' || check.mic.result === 'invalid')) {
    return ExitCode.CHECK
  }
  return decoded.some(({ tree }) => decodingErrors(tree).length > 0) ? ExitCode.PROTOCOL : ExitCode.OK
}
