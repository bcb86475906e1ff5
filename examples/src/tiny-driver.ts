// examples/src/tiny-driver.ts
import type { CredentialValue, ExchangeStep, SecurityFunctionTable } from 'sspi'

/** What the driver is configured with. */
export interface DriverOptions {
  readonly sspi: SecurityFunctionTable
  readonly credentials: CredentialValue
  readonly target: string
}

/** Takes a token to the other side, and brings its answer. */
export type Roundtrip = (token: Uint8Array) => Promise<Pick<ExchangeStep, 'token'>>

/** A client as drivers have it: logs on by whatever tokens it takes, and returns its question, encrypted. */
export async function ask(question: string, options: DriverOptions, roundtrip: Roundtrip): Promise<Uint8Array> {
  const { sspi, credentials, target } = options
  using exchange = sspi.initiate({ package: 'Negotiate', credentials, target, mutual: true })
  let { token } = await exchange.step()
  while (token) {
    const answer = await roundtrip(token)
    token = answer.token && (await exchange.step(answer.token)).token
  }
  using session = exchange.session
  return session.seal(new TextEncoder().encode(question))
}
