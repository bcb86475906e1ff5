import { memoryAccounts } from '../../src/io/accounts/index.js'
import { schannelPackage } from '../../src/schannel/index.js'
import { createDriver } from '../../src/system/driver.js'
import { credentialOf, filesOf, SERVER } from '../schannel/certificates.js'
import { describePackage, testTable, type Tables, type TestTableOptions } from './suite.js'

const schannel = schannelPackage()
const accounts = memoryAccounts([{ user: 'alice', domain: '', password: 'of no use here' }])
const driver = createDriver({ accounts })

const tables = (options: TestTableOptions = {}): Tables => ({
  client: testTable([schannel], { ...options, driver }),
  server: testTable([schannel], { ...options, driver }),
})

describePackage({
  name: 'Schannel',
  tables,
  clientCredential: credentialOf('client'),
  serverCredential: credentialOf('server', { mapToAccount: true }),
  secret: filesOf('client').privateKey ?? '',
  // A good certificate, but of nobody who has an account.
  wrongCredential: credentialOf('client-revoked'),
  target: SERVER,
  clientName: 'alice',
  shortBufferStatus: 'SEC_E_INSUFFICIENT_MEMORY',
  supports: {
    export: false,
    mutual: true,
    // The version in a record's header means nothing.
    wholeExchangeProtected: false,
    channelBindings: false,
    records: true,
    // A prime: over the tokens every kind of field is met.
    byteStride: 23,
  },
})
