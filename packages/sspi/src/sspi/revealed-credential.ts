import { wipe } from '../crypto/index.js'
import { CertificateCredential, type RevealedCertificate } from './certificate-credential.js'
import {
  AnonymousCredential,
  ChosenCredential,
  CredSspCredential,
  fromAuthIdentity,
  KeytabCredential,
  NtHashCredential,
  PasswordCredential,
  TicketCacheCredential,
  type CredentialChoice,
  type CredentialValue,
  type SecWinntAuthIdentity,
  type SettledCredentialValue,
} from './credential-values.js'

/** A credential value with its secret in hand. */
export type RevealedCredential =
  | {
      readonly kind: 'password'
      readonly user: string
      readonly domain: string
      readonly packageList: string | undefined
      readonly password: string
    }
  | {
      readonly kind: 'nt-hash'
      readonly user: string
      readonly domain: string
      readonly packageList: string | undefined
      readonly ntHash: Uint8Array
    }
  | {
      readonly kind: 'keytab'
      readonly principal: string | undefined
      readonly packageList: string | undefined
      readonly keytab: Uint8Array
    }
  | {
      readonly kind: 'ticket-cache'
      readonly packageList: string | undefined
      readonly cache: Uint8Array
      /** Takes the cache after tickets have come to it. */
      readonly save: ((cache: Uint8Array) => void | Promise<void>) | undefined
    }
  | RevealedCertificate
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'credssp'
      readonly packageList: undefined
      readonly identity: RevealedCredential | undefined
      readonly tls: RevealedCertificate | undefined
      readonly origin: 'fresh' | 'saved'
    }
  /** What was chosen for each side, where a credential is for both. */
  | {
      readonly kind: 'pair'
      readonly packageList: string | undefined
      readonly outbound: RevealedCredential
      readonly inbound: RevealedCredential
    }

/** What a credential is revealed for: values that choose go by it. */
export interface RevealPurpose extends Omit<CredentialChoice, 'use'> {
  /** To accept with, to initiate with, or both. */
  readonly use: CredentialChoice['use'] | 'both'
}

/** Bytes that are wiped when a credential has been made of them: nobody else has them. */
export function handedOver(bytes: Uint8Array): Uint8Array {
  return Object.assign(bytes, { [Symbol.dispose]: () => wipe(bytes) })
}

/** Fetches the secret of a credential value, which its source may have to be asked for. Rejects as the source does. */
export async function revealCredential(
  authData: CredentialValue | SecWinntAuthIdentity,
  { use, ...purpose }: RevealPurpose,
): Promise<RevealedCredential> {
  if (authData instanceof CredSspCredential) {
    const { identity, tls, origin } = authData
    const revealed = identity === undefined ? undefined : await revealCredential(identity, { use, ...purpose })
    return {
      kind: 'credssp',
      packageList: undefined,
      identity: revealed,
      tls: await orEnding(revealed, async () => tls?.reveal()),
      origin,
    }
  }
  if (!(authData instanceof ChosenCredential)) return revealValue(authData)
  const chosenFor = async (side: CredentialChoice['use']): Promise<RevealedCredential> => {
    const revealed = await revealCredential(await authData.choose({ ...purpose, use: side }), { ...purpose, use: side })
    const { packageList } = authData
    return packageList === undefined || revealed.kind === 'anonymous' || revealed.kind === 'credssp'
      ? revealed
      : { ...revealed, packageList }
  }
  if (use !== 'both') return chosenFor(use)
  const outbound = await chosenFor('outbound')
  const inbound = await orEnding(outbound, () => chosenFor('inbound'))
  return { kind: 'pair', packageList: listOf(outbound), outbound, inbound }
}

/** Ends what was revealed before, when what is to come beside it fails. */
async function orEnding<T>(before: RevealedCredential | undefined, next: () => Promise<T>): Promise<T> {
  try {
    return await next()
  } catch (error) {
    if (before !== undefined) endRevealed(before)
    throw error
  }
}

/**
 * Ends the bytes of a revealed credential that were handed over with it: those that have a `Symbol.dispose`. Others are their
 * source's.
 */
export function endRevealed(revealed: RevealedCredential): void {
  switch (revealed.kind) {
    case 'keytab':
      return end(revealed.keytab)
    case 'ticket-cache':
      return end(revealed.cache)
    case 'nt-hash':
      return end(revealed.ntHash)
    case 'pair':
      endRevealed(revealed.outbound)
      return endRevealed(revealed.inbound)
    case 'credssp':
      if (revealed.identity !== undefined) endRevealed(revealed.identity)
      return
    case 'password':
    case 'certificate':
    case 'anonymous':
    // Nothing of them is bytes of that kind.
  }
}

function end(bytes: Uint8Array & Partial<Disposable>): void {
  bytes[Symbol.dispose]?.()
}

function listOf(revealed: RevealedCredential): string | undefined {
  return revealed.kind === 'anonymous' ? undefined : revealed.packageList
}

async function revealValue(
  authData: Exclude<SettledCredentialValue, CredSspCredential> | SecWinntAuthIdentity,
): Promise<RevealedCredential> {
  if (authData instanceof AnonymousCredential) return { kind: 'anonymous' }
  if (authData instanceof CertificateCredential) return authData.reveal()
  if (authData instanceof NtHashCredential) {
    const { user, domain, packageList } = authData
    return { kind: 'nt-hash', user, domain, packageList, ntHash: await authData.reveal() }
  }
  if (authData instanceof KeytabCredential) {
    const { principal, packageList } = authData
    return { kind: 'keytab', principal, packageList, keytab: await authData.reveal() }
  }
  if (authData instanceof TicketCacheCredential) {
    const { packageList, save } = authData
    return { kind: 'ticket-cache', packageList, save, cache: await authData.reveal() }
  }
  // Programs without types may give anything: what is no identity must not be taken for one that names nobody.
  if (typeof (authData as unknown) !== 'object' || (authData as unknown) === null) {
    throw new TypeError(`authData: a credential value or an identity is needed, not a value of type ${typeof authData}`)
  }
  const value = authData instanceof PasswordCredential ? authData : fromAuthIdentity(authData)
  const { user, domain, packageList } = value
  return { kind: 'password', user, domain, packageList, password: await value.reveal() }
}
