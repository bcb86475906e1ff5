import { Reader } from '../bytes/index.js'
import type { AttributeTable } from './attributes.js'
import {
  ASC_RET_DELEGATE,
  ASC_RET_IDENTIFY,
  ASC_RET_NULL_SESSION,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_AUTHENTICATION_ID,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_CREDENTIAL_NAME,
  SECPKG_ATTR_DCE_INFO,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SECPKG_ATTR_LOGOFF_TIME,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_TARGET,
} from './constants/index.js'
import type { ContextState } from './context-state.js'
import type { SecurityPackage, Session } from './contract.js'
import { tokenOfIdentity, type AccessToken, type Identity } from './identity.js'
import type { World } from './world.js'

/** The attributes that the interface knows itself, for packages that leave them to it. */
export function commonAttributes(state: ContextState, world: World): AttributeTable {
  const { phase } = state
  if (phase.at === 'over') return {}
  if (phase.at !== 'established') {
    const { contextAttr } = phase.exchange
    return { [SECPKG_ATTR_FLAGS]: () => ({ flags: contextAttr }) }
  }
  const { session, by, attributes } = phase
  return {
    ...attributes,
    [SECPKG_ATTR_FLAGS]: () => ({ flags: session.contextAttr }),
    [SECPKG_ATTR_PACKAGE_INFO]: () => by.info,
    [SECPKG_ATTR_ACCESS_TOKEN]: () => {
      if (state.side === 'initiator' || session.peer === undefined) return undefined
      return accessToken(session, session.peer, by, authenticationId(state, world))
    },
    [SECPKG_ATTR_AUTHENTICATION_ID]: () => ({ authenticationId: authenticationId(state, world) }),
    [SECPKG_ATTR_DCE_INFO]: () => {
      const userName = session.query(SECPKG_ATTR_NAMES)?.userName
      return userName === undefined ? undefined : { authzSvc: 0, pac: userName }
    },
    [SECPKG_ATTR_LOGOFF_TIME]: () => ({ logoffTime: session.expiry }),
    [SECPKG_ATTR_TARGET]: () => {
      const target = session.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)?.targetName ?? state.targetName
      return target === '' ? undefined : { target }
    },
    [SECPKG_ATTR_CREDENTIAL_NAME]: () => {
      const { credentialName } = state
      if (credentialName === undefined) return undefined
      // CRED_TYPE_DOMAIN_CERTIFICATE and CRED_TYPE_DOMAIN_PASSWORD of wincred.h.
      return { credentialType: session.query(SECPKG_ATTR_LOCAL_CERT_CONTEXT) === undefined ? 2 : 3, credentialName }
    },
  }
}

/** The number of a log-on, drawn when it is wanted first. */
export function authenticationId(state: ContextState, world: Pick<World, 'random'>): bigint {
  return (state.authenticationId ??= new Reader(world.random(8)).u64le('authentication id'))
}

function accessToken(session: Session, user: Identity, by: SecurityPackage, authenticationId: bigint): AccessToken {
  const has = (flag: number): boolean => (session.contextAttr & flag) !== 0
  const impersonationLevel = has(ASC_RET_NULL_SESSION)
    ? 'anonymous'
    : has(ASC_RET_IDENTIFY)
      ? 'identification'
      : has(ASC_RET_DELEGATE)
        ? 'delegation'
        : 'impersonation'
  const { expiry } = session
  return tokenOfIdentity(user, { packageName: by.info.name, impersonationLevel, authenticationId, expiry })
}
