/** Encryption types by the names that krb5.conf(5) and the registry of RFC 3961 give them. */
const NUMBERS: ReadonlyMap<string, readonly number[]> = new Map([
  ...names(20, 'aes256-cts-hmac-sha384-192', 'aes256-sha2'),
  ...names(19, 'aes128-cts-hmac-sha256-128', 'aes128-sha2'),
  ...names(18, 'aes256-cts-hmac-sha1-96', 'aes256-cts', 'aes256-sha1'),
  ...names(17, 'aes128-cts-hmac-sha1-96', 'aes128-cts', 'aes128-sha1'),
  ...names(26, 'camellia256-cts-cmac', 'camellia256-cts'),
  ...names(25, 'camellia128-cts-cmac', 'camellia128-cts'),
  ...names(23, 'arcfour-hmac', 'rc4-hmac', 'arcfour-hmac-md5'),
  ...names(16, 'des3-cbc-sha1', 'des3-hmac-sha1', 'des3-cbc-sha1-kd'),
  ['aes', [18, 17, 20, 19]],
  ['camellia', [26, 25]],
  ['rc4', [23]],
  ['des3', [16]],
])

/** `DEFAULT`: what stands when nothing is configured. Camellia is there by configuration only. */
export const DEFAULT_ENCTYPES: readonly number[] = [20, 19, 18, 17]

/** RC4 and triple DES. */
export const RC4_ENCTYPE = 23
export const DES3_ENCTYPE = 16

/** What a list of encryption types in krb5.conf means. */
export interface EnctypeList {
  /** Numbers of RFC 3961's registry in the order of preference, each once. */
  readonly enctypes: readonly number[]
  /** Words that mean no encryption type that there is here, such as single DES. */
  readonly unknown: readonly string[]
}

/**
 * Reads a list of names, families (`aes`, `camellia`, `rc4`, `des3`) and `DEFAULT`; a `-` before one takes it away again.
 * Words are not case-sensitive.
 */
export function readEnctypes(words: readonly string[]): EnctypeList {
  const enctypes: number[] = []
  const unknown: string[] = []
  for (const word of words) {
    const name = word.replace(/^[+-]/, '').toLowerCase()
    const meant = name === 'default' ? DEFAULT_ENCTYPES : NUMBERS.get(name)
    if (meant === undefined) unknown.push(word)
    for (const number of meant ?? []) {
      const at = enctypes.indexOf(number)
      if (word.startsWith('-')) {
        if (at >= 0) enctypes.splice(at, 1)
      } else if (at < 0) {
        enctypes.push(number)
      }
    }
  }
  return { enctypes, unknown }
}

function names(number: number, ...all: readonly string[]): [string, readonly number[]][] {
  return all.map((name) => [name, [number]])
}
