import type { CredentialValue, SecureSession, SecurityFunctionTable } from '../../src/index.js'
import type { TestDomain } from '../../src/testing/index.js'

export const WWW = 'HTTP/www.example.test'

/** What {@link establish} is made of; everything else is as a domain has it. */
export interface Ends {
  readonly package?: string
  readonly credentials?: CredentialValue
  readonly target?: string
  readonly flags?: number
  readonly client?: SecurityFunctionTable
  readonly server?: SecurityFunctionTable
  readonly serverCredentials?: CredentialValue
}

/** Both sides of a context. The caller disposes of them. */
export interface Established extends Disposable {
  readonly client: SecureSession
  readonly server: SecureSession
}

/** Establishes a context between a client and a server of a domain. */
export async function establish(domain: TestDomain, ends: Ends = {}): Promise<Established> {
  const { package: name = 'Kerberos', credentials = domain.credential('alice'), target = WWW, flags } = ends
  const client = (ends.client ?? domain.sspi()).initiate({ package: name, credentials, target, flags })
  const server = (ends.server ?? domain.sspi()).accept({
    package: name,
    credentials: ends.serverCredentials ?? (name === 'NTLM' ? undefined : domain.serviceCredential(WWW)),
  })
  try {
    let { token } = await client.step()
    while (token !== undefined) {
      token = (await server.step(token)).token
      if (token !== undefined) token = (await client.step(token)).token
    }
    const sessions = { client: client.session, server: server.session }
    return {
      ...sessions,
      [Symbol.dispose]: () => {
        sessions.client[Symbol.dispose]()
        sessions.server[Symbol.dispose]()
      },
    }
  } finally {
    client[Symbol.dispose]()
    server[Symbol.dispose]()
  }
}
