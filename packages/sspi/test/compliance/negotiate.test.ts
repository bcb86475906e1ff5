import { memoryAccounts } from '../../src/io/accounts/index.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
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

const negotiate = negotiatePackage()

const tables = (options: TestTableOptions = {}): Tables => ({
  client: testTable([negotiate, ntlm], options),
  server: testTable([negotiate, ntlm], { ...options, driver }),
})

describePackage({
  name: 'Negotiate',
  mechanism: 'NTLM',
  tables,
  clientCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55word' }),
  serverCredential: undefined,
  secret: 'Pa55word',
  wrongCredential: passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55Word' }),
  target: 'HTTP/server01.contoso.com',
  clientName: 'CONTOSO\\alice',
  // negState and a few other fields may change and nothing hangs on them: negotiate/whole-exchanges.test.ts has the list.
  supports: { export: true, mutual: false, wholeExchangeProtected: false, channelBindings: true },
})
