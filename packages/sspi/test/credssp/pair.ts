import {
  credSspCredential,
  ISC_REQ_DELEGATE,
  initSecurityInterface,
  passwordCredential,
  type AcceptorExchange,
  type CredentialValue,
  type ExchangeStep,
  type InitiatorExchange,
  type SecureSession,
  type SecurityFunctionTable,
  type SecurityInterfaceOptions,
} from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'

export const TARGET = `TERMSRV/${SERVER}`
export const ALICE = { user: 'LAB\\alice', password: 'correct horse' }
/** What a client must be allowed before it delegates. */
export const ALLOWED = { delegation: { allowFreshCredentials: ['TERMSRV/*'] } }

/** What of the two differs from the default: a client that delegates its password to a server with a good certificate. */
export interface PairOptions {
  readonly client?: SecurityInterfaceOptions
  readonly server?: SecurityInterfaceOptions
  /** Instead of one made of `server`. */
  readonly serverTable?: SecurityFunctionTable
  readonly identity?: CredentialValue
  readonly tls?: Parameters<typeof trusting>[0]
  readonly serverTls?: string
  readonly serverIdentity?: CredentialValue
  readonly target?: string
  readonly flags?: number
}

/** Both sides of an exchange, and the tokens that went. */
export class Pair implements Disposable {
  readonly client: InitiatorExchange
  readonly server: AcceptorExchange
  readonly tokens: { readonly from: 'client' | 'server'; readonly token: Uint8Array }[] = []

  constructor(options: PairOptions = {}) {
    const { identity = passwordCredential(ALICE), target = TARGET, flags = ISC_REQ_DELEGATE } = options
    const accounts = memoryAccounts([ALICE])
    this.client = initSecurityInterface({ credssp: ALLOWED, ...options.client }).initiate({
      package: 'CREDSSP',
      credentials: credSspCredential({ identity, tls: trusting(options.tls) }),
      target,
      flags,
    })
    this.server = (options.serverTable ?? initSecurityInterface({ accounts, ...options.server })).accept({
      package: 'CREDSSP',
      credentials: credSspCredential({
        identity: options.serverIdentity,
        tls: credentialOf(options.serverTls ?? 'server'),
      }),
    })
  }

  /**
   * Lets them talk until both are done.
   * @param change - Makes another token of one, on its way.
   */
  async establish(
    change: (token: Uint8Array, index: number, from: 'client' | 'server') => Uint8Array = (token) => token,
  ): Promise<{ readonly client: SecureSession; readonly server: SecureSession }> {
    let { token } = await this.client.step()
    for (
      let from: 'client' | 'server' = 'client';
      token !== undefined;
      from = from === 'client' ? 'server' : 'client'
    ) {
      this.tokens.push({ from, token })
      const sent = change(token, this.tokens.length - 1, from)
      const step: ExchangeStep = await (from === 'client' ? this.server : this.client).step(sent)
      token = step.token
    }
    return { client: this.client.session, server: this.server.session }
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]()
    this.server[Symbol.dispose]()
  }
}
