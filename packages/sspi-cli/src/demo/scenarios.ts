/** How the client and the server of a demo meet. */
export interface Scenario {
  readonly package: string
  /** The package that is to do the work: what Negotiate is to agree on. */
  readonly mechanism: 'NTLM' | 'Kerberos' | 'WDigest'
  /** The name by which the client asks for the server. */
  readonly targetName: string
}

const TARGET = 'demo/server.example.com'

/** What the demo shows. A new package joins by its line. */
export const SCENARIOS: readonly Scenario[] = [
  { package: 'NTLM', mechanism: 'NTLM', targetName: TARGET },
  { package: 'Kerberos', mechanism: 'Kerberos', targetName: TARGET },
  { package: 'Negotiate', mechanism: 'Kerberos', targetName: TARGET },
  { package: 'Negotiate', mechanism: 'NTLM', targetName: TARGET },
  { package: 'WDigest', mechanism: 'WDigest', targetName: TARGET },
]

/** The one user there is. Made up: it opens nothing but the demo. */
export const DEMO_USER = { user: 'alice', domain: 'EXAMPLE', password: 'Correct-Horse-7' } as const

/** The realm of the embedded KDC, whose NetBIOS name is the user's domain. */
export const DEMO_REALM = 'EXAMPLE.COM'

/** A service behind the server, which the server calls in the client's name. */
export const BACKEND = 'backend/database.example.com'

/** The client as the server is to know it. */
export function clientName({ mechanism }: Scenario): string {
  return `${mechanism === 'Kerberos' ? DEMO_REALM : DEMO_USER.domain}\\${DEMO_USER.user}`
}
