import { encodeAscii } from '../../src/bytes/index.js'
import {
  encodeDer,
  KerberosKey,
  KeyUsage,
  krbFxCf2,
  MessageType,
  PaDataType,
  writeEncryptedData,
  writeKdcReq,
  writeKrbFastReq,
  writePaEncTsEnc,
  writePaFxFastRequest,
  type Checksum,
  type KdcReqBody,
  type KdcReqBodyFields,
  type KrbFastArmor,
  type PaData,
} from '../../src/kerberos/index.js'
import { apReqOf, bodyOf, type Shown } from './requests.js'
import { keyOf, principalOf, type TestRealm } from './realm.js'

/** Armor by our own codecs, RFC 6113 section 5.4. */
export interface TestArmor {
  readonly key: KerberosKey
  readonly explicit: KrbFastArmor
}

export function makeArmor(
  realm: TestRealm,
  held: Shown,
  subkey = KerberosKey.generate(held.sessionKey.enctype),
): TestArmor {
  const part = { subkey: { keytype: subkey.enctype, keyvalue: subkey.reveal() } }
  return {
    key: krbFxCf2(subkey, held.sessionKey, encodeAscii('subkeyarmor'), encodeAscii('ticketarmor')),
    explicit: { armorType: 1, armorValue: apReqOf(realm, held, KeyUsage.AP_REQ_AUTHENTICATOR, part) },
  }
}

/** What an armored request has otherwise than usual. */
export interface FastTweaks {
  readonly fastOptions?: number
  readonly armor?: KrbFastArmor | undefined
  readonly checksum?: Partial<Checksum>
  readonly etype?: number
}

export function fastPaData(
  { key, explicit }: TestArmor,
  reqBody: KdcReqBody,
  padata: readonly PaData[],
  covered: Uint8Array,
  tweaks: FastTweaks = {},
): PaData {
  const cipher = key.encrypt(
    KeyUsage.FAST_ENC,
    encodeDer({ fastOptions: tweaks.fastOptions ?? 0, padata, reqBody }, writeKrbFastReq),
  )
  const reqChecksum = {
    cksumtype: key.profile.checksumType,
    checksum: key.checksum(KeyUsage.FAST_REQ_CHKSUM, covered),
    ...tweaks.checksum,
  }
  const armor = 'armor' in tweaks ? tweaks.armor : explicit
  const encFastReq = { etype: tweaks.etype ?? key.enctype, cipher }
  return {
    padataType: PaDataType.PA_FX_FAST,
    padataValue: encodeDer({ armor, reqChecksum, encFastReq }, writePaFxFastRequest),
  }
}

/** PA-ENCRYPTED-CHALLENGE. */
export function challenge(armorKey: KerberosKey, longTerm: KerberosKey, time: Date): PaData {
  const key = krbFxCf2(armorKey, longTerm, encodeAscii('clientchallengearmor'), encodeAscii('challengelongterm'))
  const cipher = key.encrypt(KeyUsage.ENC_CHALLENGE_CLIENT, encodeDer({ patimestamp: time }, writePaEncTsEnc))
  return {
    padataType: PaDataType.PA_ENCRYPTED_CHALLENGE,
    padataValue: encodeDer({ etype: key.enctype, cipher }, writeEncryptedData),
  }
}

export async function armoredAsReq(
  realm: TestRealm,
  armorTicket: Shown,
  client: string,
  { armor = makeArmor(realm, armorTicket), padata, fields = {}, tweaks = {} }: ArmoredOptions = {},
): Promise<Uint8Array> {
  const inner = bodyOf(realm, { cname: principalOf(client).name, ...fields })
  const outer = bodyOf(realm, { cname: principalOf(client).name })
  const proof = padata ?? [challenge(armor.key, await keyOf(realm, client), realm.now)]
  const fast = fastPaData(armor, inner, proof, outer.raw, tweaks)
  return encodeDer({ msgType: MessageType.KRB_AS_REQ, padata: [fast], reqBody: outer }, writeKdcReq)
}

export interface ArmoredOptions {
  readonly armor?: TestArmor
  readonly padata?: readonly PaData[]
  readonly fields?: Partial<KdcReqBodyFields>
  readonly tweaks?: FastTweaks
}
