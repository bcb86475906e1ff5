/**
 * Up to which length, in bytes, the kernel is the faster engine; longer input goes to Node. Measured on a processor with instructions for
 * AES and SHA, which OpenSSL has and the kernel has not: without them the kernel would be worth more.
 *
 * Each crossing of the two is flat, so that the numbers matter little; see docs/performance.md.
 */
export const KernelLimit = {
  /** Digests, all parts together. */
  digest: { md5: 512, sha1: 256, sha256: 128, sha384: 256 },
  /** MACs under prepared keys, all parts together. */
  mac: { md5: 1024, sha1: 304, sha256: 192, sha384: 768 },
  /** AES in CTS mode, confounder and plaintext. */
  encrypt: 192,
  decrypt: 272,
  /** The same for the first message of a key that is longer than these: Node's ciphers are still to be made. */
  firstLonger: 1024,
  /** AES-GCM, associated data not counted. */
  gcm: 256,
  /** RC4 the other way round: from here on. */
  rc4: 1024,
} as const
