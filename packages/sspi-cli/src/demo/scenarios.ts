/** How the client and the server of a demo meet. */
export interface Scenario {
  readonly package: string
  /** The name by which the client asks for the server. */
  readonly targetName: string
}

/** The packages that the demo shows. A new package joins by its line. */
export const SCENARIOS: readonly Scenario[] = [
  { package: 'NTLM', targetName: 'demo/server.example.com' },
  { package: 'Negotiate', targetName: 'demo/server.example.com' },
]

/** The one user there is. Made up: it opens nothing but the demo. */
export const DEMO_USER = { user: 'alice', domain: 'EXAMPLE', password: 'Correct-Horse-7' } as const
