import { Enctype, type KeytabEntry } from 'sspi/kerberos'
import { createTestDomain, type TestDomainOptions } from 'sspi/testing'
import { KRB5_CONF, WWW, type Patient } from './patient.js'

/** A set-up that is broken in one way. */
export interface BrokenSetup {
  readonly name: string
  readonly domain?: TestDomainOptions
  readonly break: (patient: Patient) => void | Promise<void>
  /** What the doctor must find: the name of the finding. */
  readonly finds: string
  /** What its advice must say. */
  readonly advises: RegExp
  /** Whether the service can be reached all the same. */
  readonly works?: true
}

const without = (line: RegExp): string => KRB5_CONF.replace(line, '')
const enctypes = [Enctype.AES256_CTS_HMAC_SHA1_96]

/** The catalogue: what is broken, and what the doctor says to it. */
export const CATALOGUE: readonly BrokenSetup[] = [
  // ---------------------------------------------------------------- krb5.conf
  {
    name: 'krb5.conf has a brace too few',
    break: (patient) => {
      patient.krb5Conf = without(/ {2}\}\n/)
    },
    finds: 'configuration-unreadable',
    advises: /mend krb5\.conf/,
  },
  {
    name: 'krb5.conf permits no encryption type that there is',
    break: (patient) => {
      patient.krb5Conf = `[libdefaults]\n  permitted_enctypes = des-cbc-crc\n`
    },
    finds: 'configuration-unreadable',
    advises: /mend krb5\.conf/,
  },
  {
    name: 'there is no krb5.conf, and the user writes no realm',
    break: (patient) => {
      patient.krb5Conf = ''
      patient.withPassword()
    },
    finds: 'user-without-realm',
    advises: /user@REALM|default_realm/,
  },
  {
    name: 'there is no krb5.conf, and DNS knows no KDC',
    break: (patient) => {
      patient.krb5Conf = ''
      patient.withPassword('alice@EXAMPLE.TEST')
    },
    finds: 'kdc-unknown',
    advises: /\[realms\].*_kerberos\._udp\.EXAMPLE\.TEST/,
  },
  {
    name: 'the realm has no KDC, and DNS must not be asked',
    break: (patient) => {
      patient.krb5Conf = '[libdefaults]\n  default_realm = EXAMPLE.TEST\n  dns_lookup_kdc = false\n'
      patient.withPassword()
    },
    finds: 'kdc-unknown',
    advises: /dns_lookup_kdc/,
  },
  {
    name: 'the realm is written in lower case',
    break: (patient) => {
      patient.withPassword('alice@example.test')
    },
    finds: 'realm-in-lower-case',
    advises: /EXAMPLE\.TEST/,
  },
  {
    name: 'RC4 is allowed everywhere',
    break: (patient) => {
      patient.krb5Conf = KRB5_CONF.replace('[realms]', '  allow_rc4 = true\n[realms]')
    },
    finds: 'weak-enctypes',
    advises: /allow_rc4/,
    works: true,
  },
  // ---------------------------------------------------------------- names
  {
    name: 'the target is an IP address',
    break: (patient) => {
      patient.target = 'HTTP/192.0.2.2'
    },
    finds: 'target-is-address',
    advises: /HTTP\/host\.example\.com/,
  },
  {
    name: 'the target is nothing',
    break: (patient) => {
      patient.target = ''
    },
    finds: 'target-malformed',
    advises: /service\/host/,
  },
  {
    name: 'the target has a port that the service is not registered with',
    break: (patient) => {
      patient.target = `${WWW}:8080`
    },
    finds: 'service-by-other-name',
    advises: /HTTP\/www\.example\.test/,
  },
  {
    name: 'the target is written without the domain',
    break: (patient) => {
      patient.target = 'HTTP/www'
    },
    finds: 'service-by-other-name',
    advises: /HTTP\/www\.example\.test/,
  },
  {
    name: 'the service is written in lower case',
    break: (patient) => {
      patient.target = 'http/www.example.test'
    },
    finds: 'service-by-other-name',
    advises: /HTTP\/www\.example\.test/,
  },
  {
    name: 'the host of the target has no address',
    break: (patient) => {
      patient.hosts.delete('www.example.test')
    },
    finds: 'target-does-not-resolve',
    advises: /spelling/,
    works: true,
  },
  // ---------------------------------------------------------------- KDCs
  {
    name: 'the KDC is down',
    break: (patient) => {
      patient.withPassword()
      patient.domain.faults.down = true
    },
    finds: 'kdc-unreachable',
    advises: /firewall/,
  },
  {
    name: "the KDC's name does not resolve",
    break: (patient) => {
      patient.withPassword()
      patient.hosts.delete('kdc.example.test')
    },
    finds: 'kdc-does-not-resolve',
    advises: /krb5\.conf|SRV/,
  },
  {
    name: 'the SRV record leads to a host that is gone',
    break: (patient) => {
      patient.krb5Conf = '[libdefaults]\n  default_realm = EXAMPLE.TEST\n'
      patient.withPassword()
      const gone = { name: 'old.example.test', port: 88, priority: 0, weight: 0 }
      patient.srv.set('_kerberos._udp.EXAMPLE.TEST', [gone])
    },
    finds: 'kdc-does-not-resolve',
    advises: /SRV/,
  },
  {
    name: 'a firewall drops UDP',
    break: (patient) => {
      patient.dropped.add('udp')
    },
    finds: 'kdc-no-udp',
    advises: /udp_preference_limit = 1/,
    works: true,
  },
  {
    name: 'a firewall drops TCP',
    break: (patient) => {
      patient.dropped.add('tcp')
    },
    finds: 'kdc-no-tcp',
    advises: /TCP port 88/,
    works: true,
  },
  {
    name: 'somebody answers in the place of the KDC',
    break: (patient) => {
      patient.withPassword()
      patient.domain.faults.impostor = 'stranger'
    },
    finds: 'log-on-refused',
    advises: /in the place of the KDC/,
  },
  // ---------------------------------------------------------------- clocks
  {
    name: 'the clock is ten minutes ahead, and kdc_timesync is off',
    break: (patient) => {
      patient.krb5Conf = KRB5_CONF.replace('[realms]', '  kdc_timesync = 0\n[realms]')
      patient.withPassword()
      patient.clockAheadSeconds = 600
    },
    finds: 'clock-ahead',
    advises: /NTP/,
  },
  {
    name: 'the clock is ten minutes behind, which the client learns and a server here would not',
    break: (patient) => {
      patient.withPassword()
      patient.clockAheadSeconds = -600
    },
    finds: 'clock-behind',
    advises: /servers on this machine/,
  },
  {
    name: 'the clock is near the limit',
    break: (patient) => {
      patient.clockAheadSeconds = 250
    },
    finds: 'clock-ahead',
    advises: /NTP/,
    works: true,
  },
  // ---------------------------------------------------------------- credentials and log-on
  {
    name: 'nobody has logged on',
    break: (patient) => {
      patient.cache = async () => undefined
    },
    finds: 'no-cache',
    advises: /sspi kinit/,
  },
  {
    name: 'the ticket has ended',
    break: async (patient) => {
      const bytes = await patient.domain.ticketCache('alice', { lifetimeSeconds: 600 })
      patient.cache = async () => bytes
      patient.domain.clock.advance(3600)
    },
    finds: 'cache-expired',
    advises: /sspi kinit/,
  },
  {
    name: 'the ticket cache is no ticket cache',
    break: (patient) => {
      patient.cache = async () => new TextEncoder().encode('not a cache')
    },
    finds: 'cache-unreadable',
    advises: /KRB5CCNAME/,
  },
  {
    name: 'the KDC was set up anew since the log-on',
    break: async (patient) => {
      const other = createTestDomain({ users: ['alice'] })
      const bytes = await other.ticketCache('alice')
      patient.cache = async () => bytes
    },
    finds: 'tgt-of-other-kdc',
    advises: /kdestroy/,
  },
  {
    name: 'the password is wrong',
    break: (patient) => {
      patient.withPassword('alice', 'wrong')
    },
    finds: 'password-wrong',
    advises: /password is wrong/,
  },
  {
    name: 'the user is misspelt',
    break: (patient) => {
      patient.withPassword('alcie')
    },
    finds: 'user-unknown',
    advises: /spelling/,
  },
  {
    name: 'the account is disabled',
    break: (patient) => {
      patient.withPassword()
      patient.domain.changeUser('alice', { enabled: false })
    },
    finds: 'account-revoked',
    advises: /disabled or locked/,
  },
  {
    name: 'the account is locked',
    domain: { policy: { lockout: { failures: 1 } } },
    break: async (patient) => {
      patient.withPassword('alice', 'wrong')
      await patient.examine()
      patient.withPassword()
    },
    finds: 'account-revoked',
    advises: /unlock/,
  },
  {
    name: 'the account has expired',
    break: (patient) => {
      patient.withPassword()
      patient.domain.changeUser('alice', { attributes: { expires: new Date('2020-01-01T00:00:00Z') } })
    },
    finds: 'account-expired',
    advises: /extend/,
  },
  {
    name: 'the password must be changed',
    break: (patient) => {
      patient.withPassword()
      patient.domain.changeUser('alice', { attributes: { mustChangePassword: true } })
    },
    finds: 'password-expired',
    advises: /sspi kpasswd/,
  },
  {
    name: "the user's keytab is not there",
    break: (patient) => {
      patient.logon = { kind: 'keytab', name: '/etc/alice.keytab', principal: undefined }
    },
    finds: 'client-keytab-unreadable',
    advises: /path/,
  },
  {
    name: "the user's keytab is of another password",
    break: async (patient) => {
      const old = await patient.domain.keytab('alice')
      await patient.domain.setPassword('alice', 'another one')
      patient.keytabs.set('/etc/alice.keytab', async () => old)
      patient.logon = { kind: 'keytab', name: '/etc/alice.keytab', principal: undefined }
    },
    finds: 'password-wrong',
    advises: /export it again/,
  },
  {
    name: "the user's keytab is somebody else's",
    break: (patient) => {
      patient.keytabs.set('/etc/alice.keytab', () => patient.domain.keytab(WWW))
      patient.logon = { kind: 'keytab', name: '/etc/alice.keytab', principal: 'alice' }
    },
    finds: 'client-keytab-without-principal',
    advises: /HTTP\/www\.example\.test/,
  },
  // ---------------------------------------------------------------- the service
  {
    name: 'the service is not registered',
    break: (patient) => {
      patient.target = 'HTTP/wiki.example.test'
    },
    finds: 'service-unknown',
    advises: /setspn/,
  },
  {
    name: "the service's account is disabled",
    domain: { services: [{ name: WWW, attributes: { disabled: true } }] },
    break: () => undefined,
    finds: 'service-revoked',
    advises: /enable/,
  },
  {
    name: 'the target is an account without a service principal name',
    domain: { services: [{ name: WWW, attributes: { service: false } }] },
    break: () => undefined,
    finds: 'service-user-to-user',
    advises: /service principal name/,
  },
  {
    name: 'the service has no key that this machine may use',
    domain: { services: [{ name: WWW, enctypes: [Enctype.CAMELLIA256_CTS_CMAC] }] },
    break: (patient) => {
      patient.krb5Conf = KRB5_CONF.replace('[realms]', '  permitted_enctypes = aes256-sha1\n[realms]')
      patient.withPassword()
    },
    finds: 'service-enctypes',
    advises: /encryption type/,
  },
  {
    name: 'the service is in a realm whose KDC nobody knows',
    break: (patient) => {
      patient.krb5Conf = `${KRB5_CONF}  .elsewhere.test = ELSEWHERE.TEST\n`
      patient.target = 'HTTP/www.elsewhere.test'
    },
    finds: 'kdc-unknown',
    advises: /ELSEWHERE\.TEST/,
  },
  // ---------------------------------------------------------------- the service's keytab
  {
    name: "the service's keytab is not there",
    break: (patient) => {
      patient.keytabs.delete('/etc/http.keytab')
    },
    finds: 'keytab-unreadable',
    advises: /path/,
  },
  {
    name: "the service's keytab is no keytab",
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', async () => new TextEncoder().encode('PEM?'))
    },
    finds: 'keytab-unreadable',
    advises: /path/,
  },
  {
    name: "the service's keytab is older than its password",
    break: async (patient) => {
      const old = await patient.domain.keytab(WWW)
      await patient.domain.rekey(WWW)
      patient.keytabs.set('/etc/http.keytab', async () => old)
    },
    finds: 'keytab-old',
    advises: /export it again, and restart/,
  },
  {
    name: "the service's keytab has the right version of a wrong key",
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', () =>
        patient.editedKeytab([WWW], (entries) =>
          entries.map((entry) => ({
            ...entry,
            key: { ...entry.key, keyvalue: entry.key.keyvalue.map((byte) => byte ^ 1) },
          })),
        ),
      )
    },
    finds: 'keytab-wrong-key',
    advises: /another password/,
  },
  {
    name: "the service's keytab lacks the encryption type of its ticket",
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', () =>
        patient.editedKeytab([WWW], (entries) => entries.filter(({ key }) => key.keytype === enctypes[0])),
      )
    },
    finds: 'keytab-without-enctype',
    advises: /every encryption type/,
  },
  {
    name: "the service's keytab is another service's",
    domain: { services: [WWW, 'host/www.example.test'] },
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', () => patient.domain.keytab('host/www.example.test'))
    },
    finds: 'keytab-without-principal',
    advises: /export the key of this service/,
  },
  {
    name: "the service's keytab has its name in lower case",
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', () => patient.editedKeytab([WWW], (all) => all.map(inLowerCase)))
    },
    finds: 'keytab-principal-case',
    advises: /regard to case/,
  },
  {
    name: "the service's keytab is of another realm",
    break: (patient) => {
      patient.keytabs.set('/etc/http.keytab', () =>
        patient.editedKeytab([WWW], (entries) => entries.map((entry) => ({ ...entry, realm: 'OLD.TEST' }))),
      )
    },
    finds: 'keytab-other-realm',
    advises: /EXAMPLE\.TEST/,
  },
]

function inLowerCase(entry: KeytabEntry): KeytabEntry {
  const nameString = entry.name.nameString.map((part) => part.toLowerCase())
  return { ...entry, name: { ...entry.name, nameString } }
}
