// examples/src/first-program.ts
import { initSecurityInterface, passwordCredential } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'

const message = new TextEncoder().encode('attack at dawn') // 1. buffers: messages and tokens are bytes
const accounts = memoryAccounts([{ user: 'alice', password: 'correct horse' }])
const sspi = initSecurityInterface({ accounts }) // 2. initialising: every package, both sides
const credentials = passwordCredential({ user: 'alice', password: 'correct horse' })
const client = sspi.initiate({ package: 'Negotiate', credentials, target: 'host/server' })
const server = sspi.accept({ package: 'Negotiate' })
let { token } = await client.step() // 3. establishing: tokens go to and fro until none is left
while (token) {
  token = (await server.step(token)).token
  token &&= (await client.step(token)).token
}
try {
  const sealed = client.session.seal(message) // 4. messages: encrypted and signed
  const opened = server.session.unseal(sealed)
  console.log(`${server.session.peer?.name ?? 'nobody'} says: ${new TextDecoder().decode(opened)}`)
} finally {
  client.session[Symbol.dispose]() // 5. ending: the keys are wiped
  server.session[Symbol.dispose]()
}
