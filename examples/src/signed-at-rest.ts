// A document that a client signs, and a server verifies later: document, signature and session lie in files meanwhile.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { initSecurityInterface, passwordCredential } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'

const accounts = memoryAccounts([{ user: 'ARCHIVE\\alice', password: 'correct horse' }])
const sspi = initSecurityInterface({ accounts })
const utf8 = new TextEncoder()

/** Alice logs on and signs; the server puts all of it away. The key of 32 bytes is what its session is sealed under. */
export async function deposit(folder: string, document: string, key: Uint8Array): Promise<void> {
  const credentials = passwordCredential({ user: 'ARCHIVE\\alice', password: 'correct horse' })
  const client = initSecurityInterface().initiate({ package: 'Negotiate', credentials, target: 'host/archive' })
  const server = sspi.accept({ package: 'Negotiate' })
  let { token } = await client.step()
  while (token) {
    token = (await server.step(token)).token
    token &&= (await client.step(token)).token
  }
  using signer = client.session
  const signature = signer.sign(utf8.encode(document))
  await writeFile(join(folder, 'document'), document)
  await writeFile(join(folder, 'signature'), signature)
  await writeFile(join(folder, 'session'), server.session.export({ key, lifetimeSeconds: 86_400 }), { mode: 0o600 })
}

/** Says who has signed the document. Throws `SEC_E_MESSAGE_ALTERED` when it is another; a session is taken in once. */
export async function verify(folder: string, key: Uint8Array): Promise<string> {
  const blob = await readFile(join(folder, 'session'))
  using session = await sspi.importSession({ package: 'Negotiate', blob, key })
  session.verify(await readFile(join(folder, 'document')), await readFile(join(folder, 'signature')))
  return session.accessToken.qualifiedName
}
