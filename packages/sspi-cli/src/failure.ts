import { inspect } from 'node:util'
import { SspiError, type FailureName } from 'sspi'
import { ExitCode } from './exit-codes.js'
import { styleFor } from './terminal/style.js'

/** A failure that the command itself found, with the exit code to end with and what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode
  readonly hint: string | undefined

  constructor(exitCode: ExitCode, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.hint = hint
  }
}

/** How a failure is told. */
export interface ReportOptions {
  /** As one line of JSON on the standard error. */
  readonly json: boolean
  /** With the causes beneath, and stacks. */
  readonly verbose: boolean
}

/** Tells a failure on the standard error and returns the exit code for it. */
export function reportFailure(error: unknown, options: ReportOptions): ExitCode {
  const failure = describeFailure(error)
  const { exitCode, code, status, message, hint } = failure
  if (options.json) {
    process.stderr.write(`${JSON.stringify({ error: { code, status, message, hint, exitCode } })}\n`)
  } else {
    const style = styleFor(process.stderr)
    const name = code === undefined ? '' : ` ${style.dim(status === undefined ? `[${code}]` : `[${code} ${status}]`)}`
    process.stderr.write(`${style.red('sspi:')} ${message}${name}\n`)
    if (hint !== undefined) process.stderr.write(`      ${hint}\n`)
  }
  if (options.verbose || exitCode === ExitCode.INTERNAL) process.stderr.write(`${inspect(error)}\n`)
  return exitCode
}

/** A failure in the form in which it is told. */
export interface FailureDescription {
  readonly exitCode: ExitCode
  /** `SEC_E_…`, or the code of the operating system. */
  readonly code: string | undefined
  /** The number of a `SEC_E_…`, `0x8009030c`. */
  readonly status: string | undefined
  readonly message: string
  readonly hint: string | undefined
}

/** What there is to say of a failure. */
export function describeFailure(error: unknown): FailureDescription {
  if (error instanceof CommandError) {
    const { exitCode, message, hint, cause } = error
    const beneath = cause === undefined ? undefined : describeFailure(cause)
    return { exitCode, code: beneath?.code, status: beneath?.status, message, hint }
  }
  if (error instanceof SspiError) {
    // A connection that broke under the exchange is the network's failure, whatever status it was given.
    const system = systemError(error.cause)
    if (system !== undefined) return system
    const { exitCode, hint } = SSPI_FAILURES[error.code] ?? { exitCode: ExitCode.PROTOCOL, hint: undefined }
    const status = `0x${error.status.toString(16).padStart(8, '0')}`
    return { exitCode, code: error.code, status, message: error.message, hint }
  }
  const system = systemError(error)
  if (system !== undefined) return system
  const message = error instanceof Error ? error.message : String(error)
  return {
    exitCode: ExitCode.INTERNAL,
    code: undefined,
    status: undefined,
    message,
    hint: 'this is a mistake of the program',
  }
}

interface Advice {
  readonly exitCode: ExitCode
  readonly hint: string | undefined
}

const refused = (hint?: string): Advice => ({ exitCode: ExitCode.REFUSED, hint })
const protocol = (hint?: string): Advice => ({ exitCode: ExitCode.PROTOCOL, hint })
const usage = (hint?: string): Advice => ({ exitCode: ExitCode.USAGE, hint })

/** What to do about a status; those that are not listed are the peer's bytes. */
const SSPI_FAILURES: Readonly<Partial<Record<FailureName, Advice>>> = {
  SEC_E_LOGON_DENIED: refused('check the name, the domain and the password'),
  SEC_E_NO_CREDENTIALS: refused(
    'say who you are: --user (and a password), --keytab or --ccache; or log on first: `sspi kinit`',
  ),
  SEC_E_UNKNOWN_CREDENTIALS: refused('this package cannot use credentials of this kind'),
  SEC_E_NO_AUTHENTICATING_AUTHORITY: refused(
    'a server needs its accounts (--accounts, --user), a client of Kerberos a KDC that answers (krb5.conf)',
  ),
  SEC_E_TIME_SKEW: refused('set the clocks'),
  SEC_E_KDC_UNKNOWN_ETYPE: refused(),
  SEC_E_UNSUPPORTED_PREAUTH: refused(),
  SEC_E_KDC_INVALID_REQUEST: refused(),
  SEC_E_KDC_UNABLE_TO_REFER: refused(),
  SEC_E_MAX_REFERRALS_EXCEEDED: refused(),
  SEC_E_DELEGATION_REQUIRED: refused('`sspi kinit -f` gets a ticket that can be delegated'),
  SEC_E_NO_KERB_KEY: refused('is the service in the keytab, with the newest version of its key? `sspi klist -k`'),
  SEC_E_BAD_BINDINGS: refused('the two sides do not see the same channel: is something between them?'),
  SEC_E_TARGET_UNKNOWN: { exitCode: ExitCode.IO, hint: 'check the name: of the host, or of the service (--target)' },
  SEC_E_UNFINISHED_CONTEXT_DELETED: { exitCode: ExitCode.IO, hint: 'is the other end `sspi serve` or `sspi connect`?' },
  SEC_E_WRONG_PRINCIPAL: refused('the server is not the one named as --target'),
  SEC_E_UNTRUSTED_ROOT: refused(
    'say by --ca whose certificates to take, or by --fingerprint which: `sspi serve` prints both of one it has made',
  ),
  SEC_E_DELEGATION_POLICY: refused(),
  SEC_E_POLICY_NLTM_ONLY: refused('a password goes only to a server whose certificate is good: --ca, --fingerprint'),
  SEC_E_CERT_EXPIRED: refused('a new certificate is needed; or set the clocks'),
  SEC_E_CERT_UNKNOWN: refused(),
  SEC_E_CERT_WRONG_USAGE: refused(),
  TRUST_E_CERT_SIGNATURE: refused('a certificate of another authority by the same name? ask for the one of --ca again'),
  SEC_E_SECPKG_NOT_FOUND: usage('`sspi packages` lists what there is'),
  SEC_E_SECURITY_QOS_FAILED: refused('the peer does not offer the protection that was asked for'),
  SEC_E_MESSAGE_ALTERED: protocol('somebody changed what was sent, or the two sides have different keys'),
  SEC_E_OUT_OF_SEQUENCE: protocol('a message is missing, came twice, or came in another order'),
  SEC_E_INVALID_TOKEN: protocol('is the peer a server of `sspi serve`, with the same --package?'),
  SEC_E_INVALID_PARAMETER: usage(),
}

/** What to do about an error of the operating system. */
const SYSTEM_HINTS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nobody listens there: is the server running, is the port right?'],
  ['ENOTFOUND', 'no host has this name'],
  ['EAI_AGAIN', 'names cannot be looked up right now'],
  ['ETIMEDOUT', 'the host does not answer'],
  ['EHOSTUNREACH', 'there is no way to the host'],
  ['ENETUNREACH', 'there is no way to the network of the host'],
  ['EADDRINUSE', 'another program listens there: take another --port, or 0 for any'],
  ['EADDRNOTAVAIL', 'this machine does not have that address'],
  ['EACCES', 'permission is missing'],
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['EBADF', 'this file descriptor is not open: did the shell open it (`3<file`)?'],
  ['ECONNRESET', 'the peer broke the connection off'],
  ['EPIPE', 'the peer closed the connection'],
])

function systemError(error: unknown): FailureDescription | undefined {
  if (!(error instanceof Error) || error instanceof SspiError || !('code' in error) || typeof error.code !== 'string') {
    return undefined
  }
  // Node's own mistakes of usage (ERR_…) are ours; a host with several addresses gives one error for all of them.
  if (!('syscall' in error) && !(error instanceof AggregateError)) return undefined
  const { code } = error
  const message = error.message === '' ? code : error.message
  return { exitCode: ExitCode.IO, code, status: undefined, message, hint: SYSTEM_HINTS.get(code) }
}
