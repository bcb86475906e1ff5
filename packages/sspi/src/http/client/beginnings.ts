import { oemDecode } from '../../bytes/index.js'
import { writeBasicCredentials } from '../messages/index.js'
import type { Attempt, RequestFacts, TokenAttempt, TokenScheme } from './attempts.js'
import type { Answer } from './challenges.js'
import type { Party, PartyLink } from './party.js'
import { delegationFlags, PACKAGE_SCHEMES } from './schemes.js'
import { targetNameOf } from './target-name.js'

// How an attempt begins, by each kind of scheme. Whether it is wanted has been decided.

/** Over what an attempt goes, and until when. */
interface Way {
  readonly link: PartyLink
  readonly signal: AbortSignal | undefined
}

/** By the password itself. @throws `SspiError` `SEC_E_UNKNOWN_CREDENTIALS` where there is none. */
export async function beginBasic({ identity, url }: Party, unasked: boolean): Promise<Attempt> {
  const { user, password } = await identity.password(url.origin)
  return { kind: 'basic', unasked, authorization: writeBasicCredentials(user, password) }
}

/** By a signature of the request, in answer to challenges. @throws `SspiError` as the package. */
export async function beginDigest(
  party: Party,
  { method, uri }: RequestFacts,
  { lines }: Answer,
  { link, signal }: Way,
): Promise<Attempt> {
  const { settings, identity } = party
  const targetName = await nameOf(party, signal)
  const exchange = settings.sspi.initiate({
    package: PACKAGE_SCHEMES.Digest.packageName,
    credentials: await identity.credentialFor(PACKAGE_SCHEMES.Digest, targetName),
    target: targetName,
    http: { method, uri },
    channelBindings: link.bindings,
  })
  try {
    const { token } = await exchange.step(lines, signal)
    const authorization = `Digest ${oemDecode(token ?? new Uint8Array(0))}`
    return { kind: 'signed', unasked: false, authorization, signer: { session: exchange.session, targetName } }
  } finally {
    exchange[Symbol.dispose]()
  }
}

/** By the first token of an exchange. @throws `SspiError` as the package. */
export async function beginTokens(
  party: Party,
  scheme: TokenScheme,
  { link, unasked, signal }: Way & { readonly unasked: boolean },
): Promise<TokenAttempt> {
  const { settings, identity, delegate } = party
  const of = PACKAGE_SCHEMES[scheme]
  const targetName = await nameOf(party, signal)
  const exchange = settings.sspi.initiate({
    package: of.packageName,
    credentials: await identity.credentialFor(of, targetName),
    target: targetName,
    integrity: false,
    confidentiality: false,
    mutual: of.mutual ? settings.mutual : false,
    channelBindings: link.bindings,
    flags: delegationFlags(delegate),
  })
  const { token, done } = await exchange.step(undefined, signal)
  return { kind: 'tokens', scheme, exchange, targetName, unasked, token, done, pinned: false }
}

function nameOf({ url, kind, settings }: Party, signal: AbortSignal | undefined): Promise<string> {
  return targetNameOf(url, kind, settings, signal)
}
