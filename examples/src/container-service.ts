// examples/src/container-service.ts
import { initSecurityInterface } from 'sspi'
import { keytabFileCredential, loadDefaultKrb5Conf } from 'sspi/krb5'
import { createServer } from 'sspi/net'

const { SERVICE_KEYTAB = '', ADDRESS = '0.0.0.0', PORT = '4711' } = process.env
const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() }) // KRB5_CONFIG, else /etc/krb5.conf
const credentials = keytabFileCredential(SERVICE_KEYTAB) // read again for each client: a new keytab needs no restart
const server = createServer({ sspi, package: 'Kerberos', credentials }, (stream) => {
  stream.on('error', () => stream.destroy())
  stream.end(`hello ${stream.peer?.name ?? 'nobody'}\n`)
})
server.on('refused', (error) => console.error(error))
await server.listen({ host: ADDRESS, port: Number(PORT) })
console.log(`listening on port ${server.port}`)
process.once('SIGTERM', () => void server.close()) // else a container's first process ends by SIGKILL
