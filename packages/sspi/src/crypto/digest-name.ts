/** The digests that there are. */
export type DigestName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'sha512-256'
