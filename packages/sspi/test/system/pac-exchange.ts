import { credSspPackage } from '../../src/credssp/index.js'
import { kerberosPackage } from '../../src/kerberos/index.js'
import { AuthorizationDataType } from '../../src/kerberos/constants.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
import { memoryReplayCache } from '../../src/io/stores/index.js'
import { schannelPackage } from '../../src/schannel/index.js'
import { credSspCredential, keytabCredential } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { countingRandom, testTable } from '../compliance/setup.js'
import { NOW, pacOf, signed, WINDOWS_2022 } from '../kerberos/gss/signed-pac.js'
import { REALM, TinyKdc } from '../kerberos/gss/tiny-kdc.js'
import { credentialOf, trusting } from '../schannel/certificates.js'
import { domainOfAll, meet, TARGET, type Sides } from './all-packages.js'

/** An exchange whose ticket has a PAC that Windows made, signed anew for the service. */
export async function meetWithPac(name: 'Kerberos' | 'Negotiate' | 'CREDSSP'): Promise<Sides> {
  const now = (): Date => NOW
  const { user } = WINDOWS_2022
  const kdc = new TinyKdc(
    {
      now,
      random: countingRandom(),
      authorizationData: (key) => [
        { adType: AuthorizationDataType.AD_WIN2K_PAC, adData: signed(pacOf(WINDOWS_2022.name), key) },
      ],
    },
    user,
    TARGET,
  )
  const packages = [negotiatePackage(), kerberosPackage({ defaultRealm: REALM }), schannelPackage(), credSspPackage()]
  const replays = memoryReplayCache({ now })
  const driver = createDriver({ accounts: undefined, kdc: (query) => kdc.answer(query), replays })
  const client = keytabCredential({ principal: user, keytab: kdc.keytab(user) })
  const server = keytabCredential({ keytab: kdc.keytab(TARGET) })
  const inChannel = name === 'CREDSSP'
  return meet(name, domainOfAll(), {
    clientSspi: testTable(packages, { now, driver }),
    serverSspi: testTable(packages, { now, driver }),
    clientCredential: inChannel ? credSspCredential({ identity: client, tls: trusting() }) : client,
    serverCredential: inChannel ? credSspCredential({ identity: server, tls: credentialOf('server') }) : server,
  })
}
