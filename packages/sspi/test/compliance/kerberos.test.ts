import { kerberosPackage } from '../../src/kerberos/index.js'
import { keytabCredential } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { memoryReplayCache } from '../../src/io/stores/index.js'
import { REALM, TinyKdc } from '../kerberos/gss/tiny-kdc.js'
import { countingRandom, describePackage, NOON, testTable, type PackageSetup } from './suite.js'

const now = (): Date => NOON
const SERVICE = 'HTTP/server01.example.com'
const kdc = new TinyKdc({ now, random: countingRandom() }, 'alice', SERVICE)
const impostors = new TinyKdc({ now, random: countingRandom() }, 'alice')
const kerberos = kerberosPackage({ defaultRealm: REALM })

const tables: PackageSetup['tables'] = (options) => ({
  client: testTable([kerberos], {
    ...options,
    driver: createDriver({ accounts: undefined, kdc: (query) => kdc.answer(query) }),
  }),
  server: testTable([kerberos], {
    ...options,
    driver: createDriver({ accounts: undefined, replays: memoryReplayCache({ now }) }),
  }),
})

describePackage({
  name: 'Kerberos',
  tables,
  clientCredential: keytabCredential({ principal: 'alice', keytab: kdc.keytab('alice') }),
  serverCredential: keytabCredential({ keytab: kdc.keytab(SERVICE) }),
  secret: kdc.keyText('alice'),
  wrongCredential: keytabCredential({ principal: 'alice', keytab: impostors.keytab('alice') }),
  target: SERVICE,
  clientName: `${REALM}\\alice`,
  // The options of the AP-REQ and the names and versions in the open are nobody's to protect, and decide nothing.
  supports: { export: true, mutual: true, wholeExchangeProtected: false, channelBindings: true },
})
