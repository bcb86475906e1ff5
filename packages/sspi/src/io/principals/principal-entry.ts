import type { PrincipalAttributes } from '../../kdc/index.js'

/** A principal to be put into a database: of a password, of keys, or of random keys where neither is given. */
export interface PrincipalEntry {
  /**
   * As people write it: `alice`, `HTTP/www.example.com`. With another realm than the database's, the ticket-granting service of a
   * realm that is trusted: `krbtgt/HERE.EXAMPLE@THERE.EXAMPLE`.
   */
  readonly name: string
  /** The password. */
  readonly password?: string | undefined
  /** Keys as a keytab has them. */
  readonly keys?: readonly PrincipalKeyEntry[] | undefined
  /** Encryption types of the keys that are made. Default: the database's. */
  readonly enctypes?: readonly number[] | undefined
  /** The version of the keys that are made. Default 1. */
  readonly kvno?: number | undefined
  /** Other names, written as `name` is. Default: none. */
  readonly aliases?: readonly string[] | undefined
  /** Enterprise names, such as an e-mail address (RFC 6806 section 5). Compared without regard to case. Default: none. */
  readonly enterpriseNames?: readonly string[] | undefined
  /** When the password was last changed. Default: nobody knows. */
  readonly passwordChanged?: Date | undefined
  /** What it may do. Default: what users and services usually do. */
  readonly attributes?: PrincipalAttributes | undefined
}

/** A key, as a keytab has it. */
export interface PrincipalKeyEntry {
  /** The encryption type. */
  readonly enctype: number
  /** The key; copied. */
  readonly key: Uint8Array
  /** Its version. Default: the entry's. */
  readonly kvno?: number | undefined
  /** What went into string-to-key. Default: realm and name. */
  readonly salt?: Uint8Array | undefined
  /** Parameters of string-to-key. Default: the encryption type's own. */
  readonly s2kparams?: Uint8Array | undefined
}
