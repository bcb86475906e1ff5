import { credSspPackage } from '../../src/credssp/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
import { ntlmPackage } from '../../src/ntlm/index.js'
import { schannelPackage } from '../../src/schannel/index.js'
import { credSspCredential, passwordCredential } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'
import { describePackage, testTable, type Tables, type TestTableOptions } from './suite.js'

const host = { netbiosName: 'SERVER01', netbiosDomain: 'CONTOSO', dnsName: SERVER, dnsDomain: 'example.com' }
const packages = [negotiatePackage(), ntlmPackage({ host }), schannelPackage(), credSspPackage()]
const accounts = memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'Pa55word' }])
const driver = createDriver({ accounts })

const tables = (options: TestTableOptions = {}): Tables => ({
  client: testTable(packages, { ...options, driver }),
  server: testTable(packages, { ...options, driver }),
})

const clientOf = (password: string) =>
  credSspCredential({ identity: passwordCredential({ user: 'CONTOSO\\alice', password }), tls: trusting() })

describePackage({
  name: 'CREDSSP',
  tables,
  clientCredential: clientOf('Pa55word'),
  serverCredential: credSspCredential({ tls: credentialOf('server') }),
  secret: 'Pa55word',
  wrongCredential: clientOf('Pa55Word'),
  target: `TERMSRV/${SERVER}`,
  clientName: 'CONTOSO\\alice',
  supports: {
    export: false,
    mutual: true,
    // The version in a record's header means nothing.
    wholeExchangeProtected: false,
    channelBindings: false,
    records: true,
    // A prime: over the tokens every kind of field is met.
    byteStride: 31,
  },
})
