export { openBlob, sealBlob } from './aead.js'
export { Cbc, type BlockCipherName } from './block-cipher.js'
export { CbcCts } from './cbc-cts.js'
export { endPointHash, readCertificate, readPrivateKey, type Certificate, type PrivateKey } from './certificate.js'
export { TrustAnchors } from './certificate-chain.js'
export type { CertificateFields, SignatureHash } from './certificate-fields.js'
export { Cmac } from './cmac.js'
export { crc32 } from './crc32.js'
export { desDecryptBlock, desEncryptBlock, desl, expandDesKey } from './des.js'
export { type DigestName } from './digest-name.js'
export { fipsEnabled } from './fips.js'
export { Hmac, hmac } from './hmac.js'
export { HmacMd5, hmacMd5 } from './hmac-md5.js'
export { KernelLimit } from './kernel/limits.js'
export {
  kernelDecrypt,
  kernelDeriveKey,
  kernelEncrypt,
  prepareCtsHmac,
  type CtsHmacFacts,
  type ProtectionOrder,
} from './kernel/operations.js'
export { md4 } from './md4.js'
export { md5 } from './md5.js'
export { nFold } from './n-fold.js'
export { outputBytes } from './output-bytes.js'
export { pbkdf2, type Pbkdf2Hash } from './pbkdf2.js'
export { randomBytes } from './random.js'
export { Rc4 } from './rc4.js'
export { RECORD_NONCE_BYTES, RECORD_TAG_BYTES, RecordCipher, type RecordCipherName } from './record-cipher.js'
export { constantTimeEqual, secretBytes, secretFrom, wipe, type SecretBytes } from './secret-bytes.js'
export { sha1 } from './sha1.js'
export { sha256 } from './sha256.js'
export { sha384 } from './sha384.js'
export { sha512 } from './sha512.js'
export { sha512Of256Bits } from './sha512-256.js'
