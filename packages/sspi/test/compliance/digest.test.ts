import { digestPackage, type CipherName } from '../../src/digest/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { passwordCredential } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { describePackage, testTable, type PackageSetup, type Tables, type TestTableOptions } from './suite.js'

const accounts = memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'Pa55word' }])

/** As the SASL mechanism, whose messages can be encrypted: by a stream cipher, and by a block cipher with padding. */
function setupOf(cipher: CipherName, keyBits: number): PackageSetup {
  const digest = digestPackage({ realm: 'server01.contoso.com', insecureAllowLegacyLayers: true, ciphers: [cipher] })
  const tables = (options: TestTableOptions = {}): Tables => ({
    client: testTable([digest], options),
    server: testTable([digest], { ...options, driver: createDriver({ accounts }) }),
  })
  return {
    name: 'WDigest',
    tables,
    clientCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55word' }),
    serverCredential: undefined,
    secret: 'Pa55word',
    wrongCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55Word' }),
    target: 'HTTP/server01.contoso.com',
    clientName: 'CONTOSO\\alice',
    keyBits,
    // Of a challenge what nobody hashes (which ciphers, which qualities) can be changed: RFC 2831 §3.
    supports: { export: true, mutual: true, wholeExchangeProtected: false, channelBindings: true },
  }
}

describePackage(setupOf('rc4', 128))
describePackage(setupOf('3des', 112))
