import { memoryAccounts } from '../../src/io/accounts/index.js'
import { ntlmPackage } from '../../src/ntlm/index.js'
import { passwordCredential, type Driver } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { describePackage, testTable, type Tables, type TestTableOptions } from './suite.js'

const ntlm = ntlmPackage({
  host: {
    netbiosName: 'SERVER01',
    netbiosDomain: 'CONTOSO',
    dnsName: 'server01.contoso.com',
    dnsDomain: 'contoso.com',
  },
})
const accounts = memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'Pa55word' }])
const driver: Driver = createDriver({ accounts })

const tables = (options: TestTableOptions = {}): Tables => ({
  client: testTable([ntlm], options),
  server: testTable([ntlm], { ...options, driver }),
})

describePackage({
  name: 'NTLM',
  tables,
  clientCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55word' }),
  serverCredential: undefined,
  secret: 'Pa55word',
  wrongCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55Word' }),
  target: 'HTTP/server01.contoso.com',
  clientName: 'CONTOSO\\alice',
  supports: { export: true, mutual: false, wholeExchangeProtected: true, channelBindings: true },
})
