// Fetches a page that Kerberos protects, with a keytab: usage: fetch-with-keytab.js PRINCIPAL KEYTAB URL
import { initSecurityInterface, SspiError } from 'sspi'
import { authenticationOf, createClient } from 'sspi/http'
import { keytabFileCredential, loadDefaultKrb5Conf } from 'sspi/krb5'

const [principal = '', keytab = '', url = ''] = process.argv.slice(2)
const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() }) // KRB5_CONFIG, else /etc/krb5.conf
const credentials = keytabFileCredential(keytab, { principal })
await using client = createClient({ sspi, credentials, schemes: ['Kerberos'] })
try {
  const response = await client.fetch(url)
  const { origin } = authenticationOf(response)
  if (origin?.state === 'authenticated') console.error(`authenticated to ${origin.targetName} by ${origin.mechanism}`)
  else console.error(`${response.status}: ${origin?.reason?.message ?? 'not authenticated'}`)
  process.exitCode = response.ok ? 0 : 1
  console.log(await response.text())
} catch (error) {
  if (!(error instanceof SspiError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
