import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Gateway } from './gateway.js'

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
  return { http: new GatewayHttpAgent(gateway), https: new GatewayHttpsAgent(gateway) }
}

/** What Node says of a connection that it wants. */
interface Wanted {
  readonly host?: string | null | undefined
  readonly port?: number | string | null | undefined
}

class GatewayHttpAgent extends HttpAgent {
  readonly #gateway: Gateway

  constructor(gateway: Gateway) {
    super(OPTIONS)
    this.#gateway = gateway
  }

  override createConnection(wanted: Wanted): Duplex {
    return open(this.#gateway, 'http:', wanted, 80)
  }
}

class GatewayHttpsAgent extends HttpsAgent {
  readonly #gateway: Gateway

  constructor(gateway: Gateway) {
    super(OPTIONS)
    this.#gateway = gateway
  }

  override createConnection(wanted: Wanted): Duplex {
    return open(this.#gateway, 'https:', wanted, 443)
  }
}

function open(gateway: Gateway, protocol: 'http:' | 'https:', { host, port }: Wanted, usual: number): Duplex {
  return gateway.connect({ protocol, host: host ?? 'localhost', port: Number(port ?? usual) })
}
