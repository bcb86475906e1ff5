import { SCHANNEL_NAME, UNISP_NAME } from 'sspi'

/** What a package's demo has to come to, beyond what all have. */
export type Achievement = 'signed' | 'mutual' | 'delegated'

/** The package that is to do the work: what Negotiate is to agree on. */
export type Mechanism = 'NTLM' | 'Kerberos' | 'WDigest' | typeof SCHANNEL_NAME | typeof UNISP_NAME | 'CREDSSP'

/** How the client and the server of a demo meet. */
export interface Scenario {
  readonly package: string
  readonly mechanism: Mechanism
  /** The name by which the client asks for the server. */
  readonly targetName: string
  /** What of it the server is told: TLS has no place for more than the host. */
  readonly toldName: string
  /** How messages are protected: with a signature beside each, or in records of TLS. */
  readonly protection: 'messages' | 'records'
  readonly achieves: readonly Achievement[]
}

/** The server's host. */
export const HOST = 'server.example.com'

const TARGET = `demo/${HOST}`
const NAMED = { targetName: TARGET, toldName: TARGET, protection: 'messages' } as const
const NTLM = { ...NAMED, mechanism: 'NTLM', achieves: ['signed'] } as const
const KERBEROS = { ...NAMED, mechanism: 'Kerberos', achieves: ['signed', 'mutual', 'delegated'] } as const
const TLS = { targetName: HOST, toldName: HOST, protection: 'records', achieves: ['mutual'] } as const

/** What the demo shows. A new package joins by its line. */
export const SCENARIOS: readonly Scenario[] = [
  { package: 'NTLM', ...NTLM },
  { package: 'Kerberos', ...KERBEROS },
  { package: 'Negotiate', ...KERBEROS },
  { package: 'Negotiate', ...NTLM },
  { package: 'WDigest', ...NAMED, mechanism: 'WDigest', achieves: ['signed', 'mutual'] },
  { package: SCHANNEL_NAME, ...TLS, mechanism: SCHANNEL_NAME },
  { package: UNISP_NAME, ...TLS, mechanism: UNISP_NAME },
  {
    package: 'CREDSSP',
    ...TLS,
    mechanism: 'CREDSSP',
    targetName: `TERMSRV/${HOST}`,
    achieves: ['mutual', 'delegated'],
  },
]

/** The one user there is. Made up: it opens nothing but the demo. */
export const DEMO_USER = { user: 'alice', domain: 'EXAMPLE', password: 'Correct-Horse-7' } as const

/** The user as its certificate names it. */
export const DEMO_UPN = 'alice@example.com'

/** The realm of the embedded KDC, whose NetBIOS name is the user's domain. */
export const DEMO_REALM = 'EXAMPLE.COM'

/** A service behind the server, which the server calls in the client's name. */
export const BACKEND = 'backend/database.example.com'

/** The client as the server is to know it. */
export function clientName({ mechanism }: Scenario): string {
  return `${mechanism === 'Kerberos' ? DEMO_REALM : DEMO_USER.domain}\\${DEMO_USER.user}`
}
