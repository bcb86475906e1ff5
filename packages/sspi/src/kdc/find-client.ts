import {
  defaultSalt,
  KdcOption,
  KerberosErrorCode,
  KerberosKey,
  krbtgt,
  NameType,
  sameName,
  type KdcReqBody,
  type Principal,
  type PrincipalName,
} from '../kerberos/index.js'
import { ask, type KdcEffectful } from './effects.js'
import { currentKeys, type KdcPrincipal } from './principal-entry.js'
import { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/** A client that was found. */
export interface FoundClient {
  readonly entry: KdcPrincipal
  /** As tickets name it. */
  readonly principal: Principal
  /** There is none: the entry was made up, with a key that nobody knows. Its owner disposes of the keys. */
  readonly madeUp: boolean
}

/**
 * Finds the client of an AS-REQ by its name, an alias or an enterprise name: RFC 6806 sections 3 to 6. An alias counts where the
 * client lets the KDC change its name only.
 *
 * @throws `SspiError` `KDC_ERR_C_PRINCIPAL_UNKNOWN`; `KDC_ERR_WRONG_REALM` with the realm to go to.
 */
export function* findClient(turn: Turn, body: KdcReqBody): KdcEffectful<FoundClient> {
  const { cname, realm, kdcOptions } = body
  if (cname === undefined) throw unknownClient('the request names no client')
  const isEnterprise = cname.nameType === NameType.NT_ENTERPRISE
  const mayRename = isEnterprise || (kdcOptions & KdcOption.CANONICALIZE) !== 0
  if (realm === turn.realm) {
    const entry = yield* lookUp(turn, cname)
    if (entry !== undefined) {
      if (mayRename) return { entry, principal: entry.principal, madeUp: false }
      if (sameName(entry.principal.name, cname)) return { entry, principal: { realm, name: cname }, madeUp: false }
    }
  }
  const elsewhere = mayRename ? clientRealm(turn, cname) : undefined
  if (elsewhere !== undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_WRONG_REALM, `the client is in another realm`, { crealm: elsewhere })
  }
  if (realm !== turn.realm) throw unknownClient('this is the KDC of another realm')
  if (!turn.policy.hideUnknownPrincipals) throw unknownClient('there is no such client')
  return yield* madeUpClient(turn, { realm, name: cname })
}

function* lookUp(turn: Turn, cname: PrincipalName): KdcEffectful<KdcPrincipal | undefined> {
  const { realm } = turn
  const found = yield* ask('principal', { principal: { realm, name: cname }, as: 'client' })
  if (found !== undefined || cname.nameType !== NameType.NT_ENTERPRISE) return found
  // `alice@EXAMPLE.COM`, of this realm, is alice; and so is `alice`, as for MIT's KDC (`kinit -E alice`).
  const { user, suffix = realm } = partsOf(cname)
  if (user === undefined || suffix.toUpperCase() !== realm.toUpperCase()) return undefined
  return yield* ask('principal', { principal: { realm, name: user }, as: 'client' })
}

function clientRealm({ policy, realm }: Turn, cname: PrincipalName): string | undefined {
  if (cname.nameType !== NameType.NT_ENTERPRISE) return undefined
  const { suffix } = partsOf(cname)
  const found = suffix === undefined ? undefined : policy.clientRealms.get(suffix.toLowerCase())
  return found === realm ? undefined : found
}

function partsOf(cname: PrincipalName): {
  readonly user: PrincipalName | undefined
  readonly suffix: string | undefined
} {
  const [text = '', more] = cname.nameString
  if (more !== undefined) return { user: undefined, suffix: undefined }
  const at = text.lastIndexOf('@')
  const user = { nameType: NameType.NT_PRINCIPAL, nameString: [at < 0 ? text : text.slice(0, at)] }
  return { user, suffix: at < 0 ? undefined : text.slice(at + 1) }
}

/**
 * Somebody with keys that nobody knows: whoever asks for a client that there is not gets no other answers than for one. The keys
 * are of the types that the realm's own are of, as those are which its database makes.
 */
function* madeUpClient(turn: Turn, principal: Principal): KdcEffectful<FoundClient> {
  const { enctypes } = turn.policy
  const granting = yield* ask('principal', { principal: krbtgt(turn.realm), as: 'service' })
  const usual = granting && currentKeys(granting).map(({ key }) => key.enctype)
  const salt = defaultSalt(principal)
  const keys = enctypes
    .filter((enctype) => usual?.includes(enctype) ?? true)
    .map((enctype) => ({ kvno: 1, key: KerberosKey.generate(enctype, (length) => turn.random(length)), salt }))
  return { entry: { principal, keys, attributes: { requirePreauth: true } }, principal, madeUp: true }
}

function unknownClient(why: string): Refusal {
  return new Refusal(KerberosErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN, why)
}
