import { InvalidArgumentError } from 'commander'
import type { HttpScheme } from 'sspi/http'

const SCHEMES: ReadonlyMap<string, HttpScheme> = new Map<string, HttpScheme>([
  ['negotiate', 'Negotiate'],
  ['kerberos', 'Kerberos'],
  ['ntlm', 'NTLM'],
  ['digest', 'Digest'],
  ['wdigest', 'Digest'],
  ['basic', 'Basic'],
])

/** The schemes of HTTP that `--package` names, by the name of the scheme or of its package. @throws `InvalidArgumentError` for others. */
export function schemesOf(text: string): readonly HttpScheme[] {
  return text.split(',').map((name) => {
    const scheme = SCHEMES.get(name.trim().toLowerCase())
    if (scheme === undefined) {
      throw new InvalidArgumentError(`'${name}' is none of Negotiate, Kerberos, NTLM, Digest, Basic.`)
    }
    return scheme
  })
}

/** A scheme as it is spelled, whatever case it came in; one that is not known as it came. */
export function spelled(scheme: string): string {
  return SCHEMES.get(scheme.toLowerCase()) ?? scheme
}

/** Whether tickets may be asked for. Left to the library, they are. */
export function usesKerberos(schemes: readonly HttpScheme[] | undefined): boolean {
  return schemes === undefined || schemes.includes('Negotiate') || schemes.includes('Kerberos')
}
