import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  initSecurityInterface,
  keytabCredential,
  passwordCredential,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type AcceptorExchange,
  type CredentialValue,
  type SecureSession,
  type SecurityFunctionTable,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import type { DigestAlgorithmName } from 'sspi/digest'
import { ccacheCredential, loadKrb5Conf } from 'sspi/krb5'

/** Both sides of a package in this process. */
export interface Pair {
  /** Establishes a context on both sides and ends it. */
  establish(): Promise<void>
  /** Two sessions that stand. */
  sessions(): Promise<readonly [SecureSession, SecureSession]>
}

const PASSWORD = 'alice-password'

/** A pair with a password on one side and an account database on the other. */
export function passwordPair(packageName: string): Promise<Pair> {
  const accounts = memoryAccounts([{ user: 'alice', domain: 'BENCH', password: PASSWORD }])
  const sspi = initSecurityInterface({ accounts })
  const client = passwordCredential({ user: 'alice', domain: 'BENCH', password: PASSWORD })
  return pairOf(sspi, packageName, 'HTTP/localhost', client, undefined)
}

/** Requests of Digest: each `establish` signs one and accepts it, all under one nonce. */
export async function digestPair(algorithm: DigestAlgorithmName): Promise<Pair> {
  const accounts = memoryAccounts([{ user: 'alice', password: PASSWORD }])
  const sspi = initSecurityInterface({ accounts, digest: { realm: 'bench', algorithms: [algorithm] } })
  const credentials = passwordCredential({ user: 'alice', password: PASSWORD })
  const http = { method: 'GET', uri: '/index.html' }
  const accept = async (token: Uint8Array | undefined): Promise<AcceptorExchange> => {
    const server = sspi.accept({ package: 'WDigest', http })
    await server.step(token)
    return server
  }
  const client = sspi.initiate({ package: 'WDigest', credentials, http })
  const { token: challenge } = await sspi.accept({ package: 'WDigest', http }).step()
  const { token: first } = await client.step(challenge)
  const { session } = client
  await accept(first)
  return {
    establish: async () => {
      const server = await accept(session.signRequest(http))
      server.session[Symbol.dispose]()
    },
    sessions: async () => [session, (await accept(session.signRequest(http))).session],
  }
}

/** A pair with a ticket cache on one side and a keytab on the other; the service ticket is fetched once. */
export async function ticketPair(packageName: string, folder: string, enctype: string): Promise<Pair> {
  const krb5 = await loadKrb5Conf(join(folder, `${enctype}.conf`))
  const sspi = initSecurityInterface({ krb5 })
  const client = await ccacheCredential(`FILE:${join(folder, `${enctype}.cc`)}`, { keepNewTickets: false })
  const server = keytabCredential({ keytab: await readFile(join(folder, 'service.keytab')) })
  return pairOf(sspi, packageName, `svc-${enctype}/localhost`, client, server)
}

/** A pair with its credentials acquired once, as the peer's harness does. */
export async function pairOf(
  sspi: SecurityFunctionTable,
  packageName: string,
  target: string,
  clientValue: CredentialValue,
  serverValue: CredentialValue | undefined,
): Promise<Pair> {
  const outbound = { package: packageName, credentialUse: SECPKG_CRED_OUTBOUND, authData: clientValue }
  const { credential: ofClient } = await sspi.acquireCredentialsHandle(outbound)
  const inbound = { package: packageName, credentialUse: SECPKG_CRED_INBOUND, authData: serverValue }
  const { credential: ofServer } = await sspi.acquireCredentialsHandle(inbound)

  const sessions = async (): Promise<readonly [SecureSession, SecureSession]> => {
    const client = sspi.initiate({ package: packageName, credentials: ofClient, target })
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
