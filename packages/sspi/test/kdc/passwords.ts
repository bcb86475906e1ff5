import { encodeUtf8 } from '../../src/bytes/index.js'
import {
  AddressType,
  encodeDer,
  KeyUsage,
  PasswordVersion,
  writeChangePasswdData,
  writeEncKrbPrivPart,
  writeKrbPriv,
  writePasswordRequest,
  type Authenticator,
  type ChangePasswdData,
  type SecuredData,
} from '../../src/kerberos/index.js'
import { apReqOf, type Shown } from './requests.js'
import { principalOf, type TestRealm } from './realm.js'

/** What a password request has otherwise than usual. */
export interface PasswordTweaks {
  readonly version?: number
  /** With version 0xff80. */
  readonly target?: string
  readonly data?: Partial<ChangePasswdData>
  readonly authenticator?: Partial<Authenticator>
  readonly priv?: Partial<SecuredData>
  readonly usage?: number
}

/** A request to change or set a password, under the session key. */
export function passwordRequest(
  realm: TestRealm,
  held: Shown,
  password: string,
  tweaks: PasswordTweaks = {},
): Uint8Array {
  const { target, version = target === undefined ? PasswordVersion.CHANGE : PasswordVersion.SET } = tweaks
  const { sessionKey: key } = held
  const newpasswd = encodeUtf8(password)
  const to = target === undefined ? undefined : principalOf(target)
  const data = { newpasswd, targname: to?.name, targrealm: to?.realm, ...tweaks.data }
  const userData = version === PasswordVersion.SET ? encodeDer(data, writeChangePasswdData) : newpasswd
  const sAddress = { addrType: AddressType.IPV4, address: new Uint8Array(4) }
  const part = { userData, seqNumber: 7, sAddress, ...tweaks.priv }
  const cipher = key.encrypt(tweaks.usage ?? KeyUsage.KRB_PRIV_ENCPART, encodeDer(part, writeEncKrbPrivPart))
  return writePasswordRequest({
    version,
    apReq: apReqOf(realm, held, KeyUsage.AP_REQ_AUTHENTICATOR, { seqNumber: 7, ...tweaks.authenticator }),
    krbPriv: encodeDer({ encPart: { etype: key.enctype, cipher } }, writeKrbPriv),
  })
}
