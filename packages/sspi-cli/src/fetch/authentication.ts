import { authenticationOf, readChallenges, type HttpAuthentication } from 'sspi/http'
import { spelled } from './schemes.js'

/** How a server has come to know who one is, in words. */
export function describeAuthentication(authentication: HttpAuthentication | undefined): string {
  if (authentication === undefined) return 'did not ask who you are'
  if (authentication.state === 'refused') {
    const { scheme, reason } = authentication
    return `refused you (${scheme}${reason === undefined ? '' : `: ${reason.message}`})`
  }
  const { scheme, mechanism, targetName, mutual, delegated, perConnection } = authentication
  const how = mechanism === scheme ? scheme : `${scheme} (${mechanism})`
  return [
    `knows you by ${how}`,
    targetName === '' ? undefined : `as ${targetName}`,
    mutual ? 'has proven itself' : undefined,
    delegated ? 'may act in your name' : undefined,
    perConnection ? 'for the connection' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}

/** The same of the server and of the proxy, for programs. */
export function authenticationFacts(response: Response): Readonly<Record<'origin' | 'proxy', unknown>> {
  const factsOf = (authentication: HttpAuthentication | undefined): unknown => {
    if (authentication?.state !== 'refused') return authentication
    const { state, scheme, reason } = authentication
    return { state, scheme, code: reason?.code, message: reason?.message }
  }
  const { origin, proxy } = authenticationOf(response)
  return { origin: factsOf(origin), proxy: factsOf(proxy) }
}

/** That a response is a refusal of who one is, and what to do about it; `undefined` where it is none. */
export function refusalOf(response: Response): { readonly message: string; readonly hint: string } | undefined {
  const { status, url } = response
  if (status !== 401 && status !== 407) return undefined
  const { origin, proxy } = authenticationOf(response)
  const who = status === 407 ? 'the proxy' : new URL(url).host
  const refused = status === 407 ? proxy : origin
  const field = status === 407 ? 'proxy-authenticate' : 'www-authenticate'
  const offered = response.headers.get(field) ?? ''
  if (refused?.state === 'refused') {
    return { message: `${who} ${describeAuthentication(refused)}`, hint: 'check who you are; -v shows what was said' }
  }
  return {
    message: `${who} wants to know who you are (${status})`,
    hint:
      offered === ''
        ? 'it does not say by what'
        : `it offers ${namesIn(offered, field)}; say by --package what to use, and by --user, --keytab or --ccache who you are`,
  }
}

/** The names of the schemes in a field of challenges. */
function namesIn(challenges: string, field: string): string {
  try {
    return [...new Set(readChallenges([challenges], field).map(({ scheme }) => spelled(scheme)))].join(', ')
  } catch {
    return 'what does not parse'
  }
}
