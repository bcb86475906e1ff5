// examples/src/container-job.ts
import { text } from 'node:stream/consumers'
import { initSecurityInterface, SspiError } from 'sspi'
import { defaultCredential, loadDefaultKrb5Conf } from 'sspi/krb5'
import { connect } from 'sspi/net'

const { SERVICE = '', HOST = '', PORT = '4711' } = process.env
const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() }) // KRB5_CONFIG, else /etc/krb5.conf
const credentials = defaultCredential() // tickets of KRB5CCNAME, else keys of KRB5_CLIENT_KTNAME
try {
  const security = { sspi, package: 'Kerberos', credentials, target: SERVICE }
  const stream = await connect({ ...security, host: HOST, port: Number(PORT) })
  stream.end()
  process.stdout.write(`${SERVICE} says: ${await text(stream)}`)
} catch (error) {
  if (!(error instanceof SspiError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
