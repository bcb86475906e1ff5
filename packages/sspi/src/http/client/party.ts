import type { ChannelBindings, SecureSession } from '../../sspi/index.js'
import type { SspiError } from '../../status/index.js'
import type { AuthFields } from '../messages/index.js'
import type { HttpIdentity } from './identity.js'
import type { HttpScheme, HttpSettings } from './options.js'
import type { PartyMemory } from './party-memory.js'

/** How a server or a proxy has come to know who the client is, or why not. */
export type HttpAuthentication =
  | {
      readonly state: 'authenticated'
      /** The scheme, as the options name it. */
      readonly scheme: HttpScheme
      /** The package that did the work: `'Kerberos'` or `'NTLM'` under Negotiate. */
      readonly mechanism: string
      /** The service that was asked for; empty for Basic. */
      readonly targetName: string
      /** Whether the server has proven itself. */
      readonly mutual: boolean
      /** Whether the client's tickets went along. */
      readonly delegated: boolean
      /** Whether it is the connection that is authenticated, and further requests on it need no more. */
      readonly perConnection: boolean
    }
  | {
      readonly state: 'refused'
      /** The scheme that was tried last. */
      readonly scheme: HttpScheme
      /** What the server said of it, where it said anything. */
      readonly reason: SspiError | undefined
    }

/** An authentication that the server has let pass. */
export type Authenticated = Extract<HttpAuthentication, { readonly state: 'authenticated' }>

/** An authentication that has succeeded, with nothing said of how well. */
export function authenticated(scheme: HttpScheme, mechanism: string, targetName: string): Authenticated {
  return {
    state: 'authenticated',
    scheme,
    mechanism,
    targetName,
    mutual: false,
    delegated: false,
    perConnection: false,
  }
}

/** Who is authenticated to: a server or a proxy, by one identity. */
export interface Party {
  readonly kind: 'origin' | 'proxy'
  readonly fields: AuthFields
  /** The URL that is asked for, or the proxy's. */
  readonly url: URL
  readonly identity: HttpIdentity
  readonly schemes: readonly HttpScheme[]
  /** Whether the client's tickets may be delegated. */
  readonly delegate: boolean
  readonly memory: PartyMemory
  readonly settings: HttpSettings
}

/** A session of Digest, which signs one request after another. */
export interface RequestSigner {
  readonly session: SecureSession
  readonly targetName: string
}

/** What one connection has come to with one party. */
export class PartyLink implements Disposable {
  /** What ties an authentication to the TLS channel to that party; `undefined` where there is none, or it is not wanted. */
  readonly bindings: ChannelBindings | undefined
  /** Whether there is TLS to that party. */
  readonly secure: boolean
  /** How the connection was authenticated; requests on it need nothing more. */
  bound: Authenticated | undefined
  #digest: RequestSigner | undefined

  constructor(bindings: ChannelBindings | undefined, secure: boolean) {
    this.bindings = bindings
    this.secure = secure
  }

  /**
   * A session of Digest that signs further requests. One for each connection: its count goes up by one with each request, and the
   * server's proof is of the last one.
   */
  get digest(): RequestSigner | undefined {
    return this.#digest
  }

  /** Takes the session over; the one before ends. */
  set digest(digest: RequestSigner | undefined) {
    if (this.#digest !== digest) this.#digest?.session[Symbol.dispose]()
    this.#digest = digest
  }

  [Symbol.dispose](): void {
    this.bound = undefined
    this.digest = undefined
  }
}
