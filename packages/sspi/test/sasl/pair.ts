import { saslAcceptSecurityContext, saslInitializeSecurityContext } from '../../src/sasl/index.js'
import {
  ISC_REQ_MUTUAL_AUTH,
  SEC_E_OK,
  SecBuffer,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SECQOP_WRAP_NO_ENCRYPT,
  SecureSession,
  type ContextStep,
  type CredHandle,
  type CtxtHandle,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { createTestDomain, type TestMachineOptions } from '../../src/testing/index.js'

export const TARGET = 'ldap/dc1.example.test'
export const domain = createTestDomain({ users: ['alice', 'bob'], services: [TARGET] })

export type Role = 'client' | 'server'

/** The interface of a machine of the domain. */
export function table(options: TestMachineOptions = {}): SecurityFunctionTable {
  return domain.sspi({ ...options, digest: { realm: 'example.test', ...options.digest } })
}

/** What a pair asks for. */
export interface PairOptions {
  /** `ISC_REQ_…`. */
  readonly asked?: number
  /** `ASC_REQ_…`. */
  readonly demanded?: number
  /** Whether the client wants proof of the server. Default `true`. */
  readonly mutual?: boolean
}

/** Client and server of a mechanism at the first level, each with an interface of its own. */
export class Pair {
  readonly target = TARGET
  readonly #sides: Readonly<Record<Role, Side>>

  static async begin(package_: string, { asked = 0, demanded = 0, mutual = true }: PairOptions = {}): Promise<Pair> {
    const [client, server] = [table(), table()]
    const authData =
      package_ === 'WDigest' ? { user: 'alice', password: domain.passwordOf('alice') } : domain.credential('alice')
    const outbound = await client.acquireCredentialsHandle({
      package: package_,
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData,
    })
    const inbound = await server.acquireCredentialsHandle({
      package: package_,
      credentialUse: SECPKG_CRED_INBOUND,
      authData: package_ === 'WDigest' ? undefined : domain.serviceCredential(TARGET),
    })
    return new Pair({
      client: { sspi: client, credential: outbound.credential, contextReq: asked | (mutual ? ISC_REQ_MUTUAL_AUTH : 0) },
      server: { sspi: server, credential: inbound.credential, contextReq: demanded },
    })
  }

  private constructor(sides: Readonly<Record<Role, Side>>) {
    this.#sides = sides
  }

  sspi(role: Role): SecurityFunctionTable {
    return this.#sides[role].sspi
  }

  credential(role: Role): CredHandle {
    return this.#sides[role].credential
  }

  context(role: Role): CtxtHandle {
    return this.last(role).context
  }

  last(role: Role): ContextStep {
    const { last } = this.#sides[role]
    if (last === undefined) throw new Error(`the ${role} has taken no step`)
    return last
  }

  /** One step; returns its token. @param room - of the output buffer; default: it is allocated. */
  async step(role: Role, token: Uint8Array | undefined, room?: number): Promise<Uint8Array> {
    const side = this.#sides[role]
    const output = new SecBuffer(SECBUFFER_TOKEN, room)
    const call = {
      credential: side.last === undefined ? side.credential : undefined,
      context: side.last?.context,
      contextReq: side.contextReq,
      input: token && new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token)]),
      output: new SecBufferDesc([output]),
    }
    side.last =
      role === 'client'
        ? await saslInitializeSecurityContext(side.sspi, { ...call, targetName: TARGET })
        : await saslAcceptSecurityContext(side.sspi, call)
    return output.bytes
  }

  /** Runs to the end, beginning with a token for the client, or at the start. Both sides' last steps. */
  async finish(forClient?: Uint8Array): Promise<readonly [client: ContextStep, server: ContextStep]> {
    let token = forClient
    for (;;) {
      token = await this.step('client', token)
      token = await this.step('server', token)
      if (this.last('server').status === SEC_E_OK) break
    }
    return [this.last('client'), this.last('server')]
  }

  /** The messages of a side whose package is done. */
  session(role: Role): SecureSession {
    const { context, contextAttr, expiry } = this.last(role)
    const side = role === 'client' ? 'initiator' : 'acceptor'
    return new SecureSession(this.sspi(role), context, side, contextAttr, expiry, 'Kerberos')
  }

  /** A message of the layers' negotiation, protected as a side would, whatever stands in it. */
  wrapped(role: Role, message: Uint8Array): Uint8Array {
    return this.session(role).seal(message, SECQOP_WRAP_NO_ENCRYPT)
  }
}

interface Side {
  readonly sspi: SecurityFunctionTable
  readonly credential: CredHandle
  readonly contextReq: number
  last?: ContextStep
}
