import {
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  never,
  secretFrom,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_ID_NONE,
  type Answer,
  type Ask,
  type ContextAttribute,
  type ContextAttributes,
  type Credential,
  type CredentialRequest,
  type Exchange,
  type Identity,
  type Input,
  type SecretBytes,
  type SecurityPackage,
  type Session,
  type Step,
  type Unsealed,
} from '../../src/sspi/index.js'

/** What an exchange of a fake package does with its input: the number counts its calls from 0. */
export type Script = (input: Input, call: number) => Step

/** How a fake package differs from the default: both sides send one token and are done. */
export interface FakeOptions {
  readonly name?: string
  readonly client?: Script
  readonly server?: Script
  readonly unseal?: () => Unsealed
  readonly overrides?: Partial<SecurityPackage>
}

/** A package whose exchanges are scripted, and which keeps what it made for tests to look at. */
export interface FakePackage {
  readonly package: SecurityPackage
  readonly requests: CredentialRequest[]
  readonly credentials: FakeCredential[]
  readonly exchanges: FakeExchange[]
}

export function fakePackage(options: FakeOptions = {}): FakePackage {
  const made = {
    requests: [] as CredentialRequest[],
    credentials: [] as FakeCredential[],
    exchanges: [] as FakeExchange[],
  }
  const exchange = (script: Script): FakeExchange => {
    const begun = new FakeExchange(script)
    made.exchanges.push(begun)
    return begun
  }
  const done: Script = () => finished()
  const name = options.name ?? 'Fake'
  return {
    ...made,
    package: {
      info: {
        name,
        comment: 'for tests',
        capabilities: SECPKG_FLAG_INTEGRITY,
        version: 1,
        rpcId: SECPKG_ID_NONE,
        maxToken: 64,
      },
      acquire: (request) => {
        made.requests.push(request)
        const credential = new FakeCredential()
        made.credentials.push(credential)
        return credential
      },
      initiate: () => exchange(options.client ?? done),
      accept: () => exchange(options.server ?? done),
      importSession: (blob) => new FakeSession(blob),
      ...options.overrides,
    },
  }
}

export class FakeCredential implements Credential {
  readonly expiry = never()
  readonly identity: Identity | undefined = undefined
  disposals = 0

  dispose(): void {
    this.disposals++
  }
}

export class FakeExchange implements Exchange {
  readonly contextAttr = 0
  readonly inputs: Input[] = []
  disposals = 0
  readonly #script: Script

  constructor(script: Script) {
    this.#script = script
  }

  step(input: Input): Step {
    if (this.disposals > 0) throw new TypeError('a disposed exchange was called')
    this.inputs.push(input)
    return this.#script(input, this.inputs.length - 1)
  }

  query(): undefined {
    return undefined
  }

  dispose(): void {
    this.disposals++
  }
}

/** A session that protects nothing, and says what it was imported from. */
export class FakeSession implements Session {
  readonly contextAttr = ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | 0x2_0000 // ASC_RET_INTEGRITY
  readonly expiry = never()
  readonly peer: Identity | undefined = undefined
  readonly bytes: SecretBytes
  disposals = 0
  readonly #unseal: () => Unsealed

  constructor(bytes: Uint8Array = new Uint8Array(4).fill(7), unseal?: () => Unsealed) {
    this.bytes = secretFrom(bytes)
    this.#unseal = unseal ?? (() => ({ kind: 'message', qop: 0 }))
  }

  sign(): void {}

  verify(): number {
    return 0
  }

  seal(): void {}

  unseal(): Unsealed {
    return this.#unseal()
  }

  query<A extends ContextAttribute>(_attribute: A): ContextAttributes[A] | undefined {
    return undefined
  }

  export(): SecretBytes {
    return secretFrom(this.bytes)
  }

  dispose(): void {
    this.disposals++
  }
}

/** A last step without a token. */
export function finished(session: Session = new FakeSession(), token?: Uint8Array, consumed = 0): Step {
  return { kind: 'done', token, consumed, session }
}

/** A step that asks who alice is. */
export const ASK: Extract<Step, { kind: 'ask' }> = {
  kind: 'ask',
  ask: { effect: 'account', query: { user: 'alice', domain: '' } },
}

/** A driver that answers when the test says so. */
export class SlowDriver {
  readonly asked: Ask[] = []
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = []

  answer = (ask: Ask): Promise<Answer> => {
    this.asked.push(ask)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Waits for the first question. One that is not asked at once never comes, and must not keep the file from ending. */
  async untilAsked(): Promise<void> {
    for (let turn = 0; this.asked.length === 0; turn++) {
      if (turn === 1000) throw new Error('the driver was asked nothing')
      await Promise.resolve()
    }
  }

  reply(): void {
    this.#waiting.shift()!.resolve({ effect: 'account', value: undefined })
  }

  fail(error: Error): void {
    this.#waiting.shift()!.reject(error)
  }
}
