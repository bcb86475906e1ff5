import {
  initSecurityInterface,
  passwordCredential,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type SecureSession,
  type SecurityFunctionTable,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'

/** Both sides of a package in this process. */
export interface Pair {
  /** Establishes a context on both sides and ends it. */
  establish(): Promise<void>
  /** Two sessions that stand. */
  sessions(): Promise<readonly [SecureSession, SecureSession]>
}

const PASSWORD = 'alice-password'

/** A pair with its credentials acquired once, as the peer's harness does. */
export async function createPair(packageName: string): Promise<Pair> {
  const accounts = memoryAccounts([{ user: 'alice', domain: 'BENCH', password: PASSWORD }])
  const sspi: SecurityFunctionTable = initSecurityInterface({ accounts })
  const authData = passwordCredential({ user: 'alice', domain: 'BENCH', password: PASSWORD })
  const outbound = { package: packageName, credentialUse: SECPKG_CRED_OUTBOUND, authData }
  const { credential: ofClient } = await sspi.acquireCredentialsHandle(outbound)
  const inbound = { package: packageName, credentialUse: SECPKG_CRED_INBOUND }
  const { credential: ofServer } = await sspi.acquireCredentialsHandle(inbound)

  const sessions = async (): Promise<readonly [SecureSession, SecureSession]> => {
    const client = sspi.initiate({ package: packageName, credentials: ofClient, target: 'HTTP/localhost' })
    const server = sspi.accept({ package: packageName, credentials: ofServer })
    let toServer = await client.step()
    for (;;) {
      const toClient = await server.step(toServer.token)
      if (toClient.token === undefined) break
      toServer = await client.step(toClient.token)
      if (toServer.token === undefined) break
    }
    return [client.session, server.session]
  }
  const establish = async (): Promise<void> => {
    for (const session of await sessions()) session[Symbol.dispose]()
  }
  return { establish, sessions }
}
