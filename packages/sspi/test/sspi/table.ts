import {
  SECBUFFER_EMPTY,
  SECBUFFER_TOKEN,
  SECPKG_CRED_BOTH,
  SecBuffer,
  SecBufferDesc,
  type ContextStep,
  type CredHandle,
  type CtxtHandle,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { testTable, type TestTableOptions } from '../compliance/setup.js'
import { fakePackage, type FakeOptions, type FakePackage } from './fake-package.js'

/** An interface with one scripted package and a credential for it. */
export class Bench {
  readonly fake: FakePackage
  readonly table: SecurityFunctionTable
  #credential: CredHandle | undefined

  constructor(script: FakeOptions = {}, options: TestTableOptions = {}) {
    this.fake = fakePackage(script)
    this.table = testTable([this.fake.package], options)
  }

  async credential(): Promise<CredHandle> {
    const request = { package: this.fake.package.info.name, credentialUse: SECPKG_CRED_BOTH }
    this.#credential ??= (await this.table.acquireCredentialsHandle(request)).credential
    return this.#credential
  }

  /** One step of the client, with buffers that the test may look at afterwards. */
  async initiate(options: StepParts = {}): Promise<ContextStep> {
    const { input, output = room(), context, signal, contextReq = 0 } = options
    const credential = context === undefined ? await this.credential() : undefined
    return this.table.initializeSecurityContext({ credential, context, contextReq, input, output, signal })
  }

  /** One step of the server. */
  async accept(options: StepParts = {}): Promise<ContextStep> {
    const { input, output = room(), context, signal, contextReq = 0 } = options
    const credential = context === undefined ? await this.credential() : undefined
    return this.table.acceptSecurityContext({ credential, context, contextReq, input, output, signal })
  }
}

export interface StepParts {
  readonly context?: CtxtHandle
  readonly input?: SecBufferDesc | undefined
  readonly output?: SecBufferDesc
  readonly contextReq?: number
  readonly signal?: AbortSignal
}

/** An output buffer: of a number of bytes, or without memory. */
export function room(bytes?: number): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, bytes)])
}

/** An input of a token and a buffer for what is left over. */
export function tokenIn(token: Uint8Array): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token), new SecBuffer(SECBUFFER_EMPTY)])
}

/** What stands in the first buffer. */
export function first(message: SecBufferDesc): SecBuffer {
  return message.buffers[0]!
}
