import {
  CredHandle,
  credSspCredential,
  SEC_E_OK,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_EMPTY,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  writeSecChannelBindings,
  type ChannelBindings,
  type ContextStep,
  type CredentialValue,
  type CtxtHandle,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { credentialOf, trusting } from '../schannel/certificates.js'

/** Every package, by the names under which they are asked for. */
export const PACKAGES = ['NTLM', 'Kerberos', 'Negotiate', 'WDigest', 'Schannel', 'CREDSSP'] as const
/** One of {@link PACKAGES}. */
export type PackageName = (typeof PACKAGES)[number]

/** The server of all of them: its certificate has this name. */
export const HOST = 'server.example.com'
/** The service, as clients name it. */
export const TARGET = `HTTP/${HOST}`

/** A realm with alice and the service, whose machines have every package. */
export function domainOfAll(): TestDomain {
  return createTestDomain({ users: ['alice', 'bob'], services: [TARGET] })
}

/** What a client has for a package. */
export function clientCredential(name: PackageName, domain: TestDomain, user = 'alice'): CredentialValue {
  switch (name) {
    case 'Schannel':
      return credentialOf('client')
    case 'CREDSSP':
      return credSspCredential({ identity: domain.credential(user), tls: trusting() })
    default:
      return domain.credential(user)
  }
}

/** What a server has for a package; `undefined` for its default credentials. */
export function serverCredential(name: PackageName, domain: TestDomain): CredentialValue | undefined {
  switch (name) {
    case 'NTLM':
    case 'WDigest':
      return undefined
    case 'Schannel':
      return credentialOf('server')
    case 'CREDSSP':
      return credSspCredential({ identity: domain.serviceCredential(TARGET), tls: credentialOf('server') })
    default:
      return domain.serviceCredential(TARGET)
  }
}

/** One side of an exchange on level 1. */
export interface Side {
  readonly sspi: SecurityFunctionTable
  readonly credential: CredHandle
  readonly context: CtxtHandle
  /** What the last call said. */
  readonly last: ContextStep
}

/** Both sides. */
export interface Sides {
  readonly client: Side
  readonly server: Side
  /** Each token with who sent it. */
  readonly tokens: readonly Uint8Array[]
}

/** How an exchange differs from one that asks for nothing. */
export interface MeetOptions {
  readonly clientReq?: number
  readonly serverReq?: number
  readonly clientBindings?: ChannelBindings
  readonly serverBindings?: ChannelBindings
  /** A handle is of `clientSspi`. */
  readonly clientCredential?: CredentialValue | CredHandle
  /** A handle is of `serverSspi`. */
  readonly serverCredential?: CredentialValue | CredHandle
  readonly targetName?: string
  readonly clientSspi?: SecurityFunctionTable
  readonly serverSspi?: SecurityFunctionTable
}

/** Runs an exchange of a package in a domain until both sides are done. */
export async function meet(name: PackageName, domain: TestDomain, options: MeetOptions = {}): Promise<Sides> {
  const client = await begin(name, options.clientSspi ?? domain.sspi(), SECPKG_CRED_OUTBOUND, {
    value: options.clientCredential ?? clientCredential(name, domain),
    contextReq: options.clientReq ?? 0,
    bindings: options.clientBindings,
    targetName: options.targetName ?? TARGET,
  })
  const server = await begin(name, options.serverSspi ?? domain.sspi(), SECPKG_CRED_INBOUND, {
    value: options.serverCredential ?? serverCredential(name, domain),
    contextReq: options.serverReq ?? 0,
    bindings: options.serverBindings,
    targetName: undefined,
  })
  const tokens: Uint8Array[] = []
  let token: Uint8Array | undefined
  for (let turn = 0; turn < 20 && !(client.done && server.done); turn++) {
    token = await (turn % 2 === 0 ? client : server).step(token)
    if (token !== undefined) tokens.push(token)
  }
  return { client: client.side, server: server.side, tokens }
}

interface Beginning {
  readonly value: CredentialValue | CredHandle | undefined
  readonly contextReq: number
  readonly bindings: ChannelBindings | undefined
  readonly targetName: string | undefined
}

class Party {
  readonly #sspi: SecurityFunctionTable
  readonly #credential: CredHandle
  readonly #initiates: boolean
  readonly #parts: Beginning
  #last: ContextStep | undefined

  constructor(sspi: SecurityFunctionTable, credential: CredHandle, initiates: boolean, parts: Beginning) {
    this.#sspi = sspi
    this.#credential = credential
    this.#initiates = initiates
    this.#parts = parts
  }

  get done(): boolean {
    return this.#last?.status === SEC_E_OK
  }

  get side(): Side {
    if (this.#last === undefined || !this.done) throw new Error('the exchange does not end')
    return { sspi: this.#sspi, credential: this.#credential, context: this.#last.context, last: this.#last }
  }

  async step(token: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    const { contextReq, bindings, targetName } = this.#parts
    const input = [new SecBuffer(SECBUFFER_EMPTY)]
    if (token !== undefined) input.unshift(new SecBuffer(SECBUFFER_TOKEN, token))
    if (bindings !== undefined) {
      input.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(bindings)))
    }
    const output = new SecBuffer(SECBUFFER_TOKEN)
    const common = {
      credential: this.#last === undefined ? this.#credential : undefined,
      context: this.#last?.context,
      contextReq,
      input: new SecBufferDesc(input),
      output: new SecBufferDesc([output]),
    }
    this.#last = this.#initiates
      ? await this.#sspi.initializeSecurityContext({ ...common, targetName })
      : await this.#sspi.acceptSecurityContext(common)
    return output.cbBuffer === 0 ? undefined : output.bytes.slice()
  }
}

async function begin(
  name: PackageName,
  sspi: SecurityFunctionTable,
  credentialUse: number,
  parts: Beginning,
): Promise<Party> {
  const { value, targetName } = parts
  const credential =
    value instanceof CredHandle
      ? value
      : (await sspi.acquireCredentialsHandle({ package: name, credentialUse, authData: value, targetName })).credential
  return new Party(sspi, credential, credentialUse === SECPKG_CRED_OUTBOUND, parts)
}
