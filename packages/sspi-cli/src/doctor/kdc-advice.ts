import { SspiError } from 'sspi'
import { KdcError, KerberosErrorCode as Code } from 'sspi/kerberos'

/** What is to be said of a failure beside its own message. */
export interface Advice {
  readonly id: string
  readonly advice: string
}

/** What a KDC says to somebody who logs on. */
const OF_LOGON: ReadonlyMap<number, Advice> = new Map<number, Advice>([
  [
    Code.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    { id: 'user-unknown', advice: 'check the spelling of the user, its case included, and that this is its realm' },
  ],
  [
    Code.KDC_ERR_PREAUTH_FAILED,
    {
      id: 'password-wrong',
      advice: 'the password is wrong; of a keytab the key is: export it again, as ktpass or ktadd do',
    },
  ],
  [
    Code.KDC_ERR_CLIENT_REVOKED,
    {
      id: 'account-revoked',
      advice: 'the account is disabled or locked: its administrator can unlock it, or wait until the lock ends',
    },
  ],
  [
    Code.KDC_ERR_NAME_EXP,
    { id: 'account-expired', advice: 'the account has expired: its administrator can extend it' },
  ],
  [Code.KDC_ERR_CLIENT_NOTYET, { id: 'account-not-yet', advice: 'the account is not valid yet; is the clock right?' }],
  [
    Code.KDC_ERR_KEY_EXPIRED,
    { id: 'password-expired', advice: 'change the password: `sspi kpasswd`, or `sspi kinit`' },
  ],
  [
    Code.KDC_ERR_ETYPE_NOSUPP,
    {
      id: 'user-enctypes',
      advice: 'the account has no key of a permitted encryption type: set its password anew, or permit the type',
    },
  ],
  [
    Code.KDC_ERR_PREAUTH_REQUIRED,
    {
      id: 'preauth-unsupported',
      advice: 'the KDC wants a kind of pre-authentication that is not there (a smart card?)',
    },
  ],
  [Code.KRB_AP_ERR_SKEW, { id: 'clock-refused', advice: 'set the clock: the KDC refuses it' }],
  [Code.KDC_ERR_WRONG_REALM, { id: 'realm-wrong', advice: 'the user is in another realm: write user@REALM' }],
])

/** What a KDC says to somebody who wants a ticket for a service. */
const OF_SERVICE: ReadonlyMap<number, Advice> = new Map<number, Advice>([
  [
    Code.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    {
      id: 'service-unknown',
      advice: 'register the service principal name: setspn -S on Windows, addprinc -randkey at MIT',
    },
  ],
  [
    Code.KDC_ERR_PRINCIPAL_NOT_UNIQUE,
    { id: 'service-not-unique', advice: 'two accounts have this name: setspn -X finds them; take it from one' },
  ],
  [
    Code.KDC_ERR_ETYPE_NOSUPP,
    {
      id: 'service-enctypes',
      advice:
        'the service has no key of an encryption type that is permitted here: set its password anew (msDS-SupportedEncryptionTypes on Windows), or permit the type',
    },
  ],
  [
    Code.KDC_ERR_MUST_USE_USER2USER,
    {
      id: 'service-user-to-user',
      advice: 'the target is an account without a service principal name: register one for it',
    },
  ],
  [Code.KDC_ERR_SERVICE_REVOKED, { id: 'service-revoked', advice: "the service's account is disabled: enable it" }],
  [Code.KDC_ERR_SERVICE_EXP, { id: 'service-expired', advice: "the service's account has expired: extend it" }],
  [Code.KDC_ERR_SERVICE_NOTYET, { id: 'service-not-yet', advice: "the service's account is not valid yet" }],
  [
    Code.KDC_ERR_PATH_NOT_ACCEPTED,
    { id: 'no-trust', advice: 'the realms do not trust each other over this path: check the trusts, and [capaths]' },
  ],
  [Code.KRB_AP_ERR_TKT_EXPIRED, { id: 'tgt-expired', advice: 'log on again: `sspi kinit`' }],
  [
    Code.KRB_AP_ERR_BAD_INTEGRITY,
    {
      id: 'tgt-of-other-kdc',
      advice: 'the ticket-granting ticket is not of this KDC (it was set up anew?): `sspi kdestroy`, then `sspi kinit`',
    },
  ],
  [Code.KRB_AP_ERR_SKEW, { id: 'clock-refused', advice: 'set the clock: the KDC refuses it' }],
])

/** What is the same whoever asks, by the status. */
const BY_STATUS: Readonly<Record<string, Advice>> = {
  SEC_E_NO_AUTHENTICATING_AUTHORITY: {
    id: 'kdc-unreachable',
    advice: 'no KDC of that realm answers: name it in [realms] of krb5.conf, open port 88',
  },
  SEC_E_MESSAGE_ALTERED: {
    id: 'kdc-not-believed',
    advice: 'the reply is not what this client asked for: somebody may answer in the place of the KDC',
  },
  SEC_E_TIME_SKEW: { id: 'clock-refused', advice: 'set the clock' },
  SEC_E_NO_CREDENTIALS: { id: 'tgt-missing', advice: 'log on: `sspi kinit`' },
  SEC_E_KDC_UNKNOWN_ETYPE: {
    id: 'enctypes',
    advice: 'nothing that both sides may use is left: check permitted_enctypes, and the keys of the account',
  },
  SEC_E_MAX_REFERRALS_EXCEEDED: {
    id: 'referral-loop',
    advice: 'the realms refer to each other in a circle: mend the trusts',
  },
  SEC_E_KDC_UNABLE_TO_REFER: {
    id: 'no-trust',
    advice: 'there is no way from the one realm to the other: check the trusts',
  },
}

/** What to say of a log-on that failed. */
export function adviseOnLogon(error: SspiError): Advice {
  return advise(error, OF_LOGON, {
    id: 'log-on-refused',
    advice: 'the password (or the key) is wrong, or somebody answers in the place of the KDC',
  })
}

/** What to say of a service ticket that was refused. */
export function adviseOnService(error: SspiError): Advice {
  return advise(error, OF_SERVICE, { id: 'service-refused', advice: "the KDC's log may say more" })
}

function advise(error: SspiError, byCode: ReadonlyMap<number, Advice>, otherwise: Advice): Advice {
  const said = error.cause instanceof KdcError ? byCode.get(error.cause.errorCode) : undefined
  return said ?? BY_STATUS[error.code] ?? otherwise
}
