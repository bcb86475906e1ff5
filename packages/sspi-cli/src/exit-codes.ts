/** What the command says when it ends. */
export const ExitCode = {
  OK: 0,
  /** Whatever went wrong, in a command that stands for one of MIT's: theirs say no more. */
  FAILED: 1,
  /** What MIT's kpasswd says when the server does not take the new password. */
  PASSWORD_REJECTED: 2,
  /** What MIT's kinit, kdestroy and kswitch say of wrong arguments; the others say what `USAGE` is. */
  MIT_USAGE: 2,
  /** The arguments are wrong, or something they need is missing. */
  USAGE: 1,
  /** A connection, an address or a file: the network or the operating system said no. */
  IO: 2,
  /** Who someone claims to be was not proven. */
  REFUSED: 3,
  /** The peer's bytes are malformed, altered, replayed, or not what was agreed on. */
  PROTOCOL: 4,
  /** A check did not hold: of the demo, of `decode --check`, or the status of `fetch --fail`. */
  CHECK: 5,
  /** A mistake of this program. */
  INTERNAL: 70,
  /** Interrupted at a prompt. */
  INTERRUPTED: 130,
  /** Nobody reads the standard output any more, as after SIGPIPE. */
  BROKEN_PIPE: 141,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The codes as `--help` shows them. */
export const EXIT_CODES_HELP = `
Exit codes:
  0  it worked
  1  wrong arguments, or something they need is missing
  2  the network, an address or a file
  3  authentication was refused
  4  the peer's bytes are malformed, altered or out of order
  5  a check did not hold (demo, decode --check, fetch --fail)`
