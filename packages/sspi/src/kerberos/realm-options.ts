/** What is known of one realm. */
export interface KerberosRealmOptions {
  /** Refuses to pre-authenticate by an encrypted timestamp, which can be guessed from. Default `false`. */
  readonly disableEncryptedTimestamp?: boolean | undefined
}
