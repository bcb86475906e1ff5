// Logs on with a keytab and talks to a GSS-API service: usage: kerberos-with-keytab.js PRINCIPAL KEYTAB TARGET HOST PORT
import { initSecurityInterface, SspiError } from 'sspi'
import { keytabFileCredential, loadDefaultKrb5Conf } from 'sspi/krb5'
import { openTokens } from './token-stream.js'

const [principal = '', keytab = '', target = '', host = '', port = ''] = process.argv.slice(2)
const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() }) // KRB5_CONFIG, else /etc/krb5.conf
const credentials = keytabFileCredential(keytab, { principal })
using exchange = sspi.initiate({ package: 'Kerberos', target, credentials, mutual: true })
await using tokens = await openTokens(host, Number(port))
try {
  using session = await exchange.establish(tokens)
  console.log(`established with ${target}: ${session.achieved.join(', ')}`)
} catch (error) {
  if (!(error instanceof SspiError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
