import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Gateway } from './gateway.js'
import type { MemorySocket } from './memory-socket.js'

/** Agents whose connections are authenticated, for `http.request` and `https.request`, and for what is built on them. */
export interface AuthenticatingAgents {
  /** For `http:`. */
  readonly http: HttpAgent
  /** For `https:`. TLS is spoken by the client: its options count, and not those of a request. */
  readonly https: HttpsAgent
}

/** The connections live in memory, so that there is no use in keeping them: the client keeps the real ones. */
const OPTIONS: AgentOptions = { keepAlive: false }

/** Agents over a gateway. */
export function agentsOver(gateway: Gateway): AuthenticatingAgents {
  return {
    http: leading(new HttpAgent(OPTIONS), gateway, 'http:', 80),
    https: leading(new HttpsAgent(OPTIONS), gateway, 'https:', 443),
  }
}

/** What Node says of a connection that it wants. */
interface Wanted {
  readonly host?: string | null | undefined
  readonly port?: number | string | null | undefined
}

/** Has an agent's connections lead to a gateway. */
function leading<A extends HttpAgent>(agent: A, gateway: Gateway, protocol: 'http:' | 'https:', usual: number): A {
  agent.createConnection = ({ host, port }: Wanted): MemorySocket =>
    gateway.connect({ protocol, host: host ?? 'localhost', port: Number(port ?? usual) })
  return agent
}
