import { concatBytes } from '../../src/bytes/index.js'
import { readTsRequest, writeTsRequest, type TsRequest, type TsRequestFields } from '../../src/credssp/index.js'
import { bindPublicKey, type Binding, type Direction } from '../../src/credssp/public-key-binding.js'
import { subjectPublicKey } from '../../src/credssp/subject-public-key.js'
import {
  initSecurityInterface,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  passwordCredential,
  readSecChannelBindings,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  type AcceptorExchange,
  type InitiatorExchange,
} from '../../src/index.js'
import { SECQOP_WRAP_OOB_DATA } from '../../src/sspi/index.js'
import { Party } from '../schannel/pair.js'
import { ALICE, Pair, TARGET } from './pair.js'

const NOTHING: Uint8Array = new Uint8Array(0)

/** How far a client has come: the channel stands; the server has sent NTLM's CHALLENGE; it has bound the public key. */
export type Stage = 'channel' | 'challenged' | 'bound'

/** A client that keeps to TLS and NTLM, and says in them what it likes. */
export class HostileClient implements Disposable {
  readonly nonce = new Uint8Array(32).fill(7)
  readonly #pair: Pair
  readonly #tls: Party
  readonly #ntlm: InitiatorExchange
  /** The handshake's last token, which goes before the first request. */
  #before: Uint8Array
  #answer: TsRequest | undefined

  /** A client of a server, when it has come so far as it should. */
  static async at(stage: Stage, password = ALICE.password): Promise<HostileClient> {
    const pair = new Pair()
    const tls = await Party.make(true)
    let token = await tls.advance()
    while (!tls.done) token = await tls.advance((await pair.server.step(token)).token)
    const client = new HostileClient(pair, tls, token, password)
    if (stage === 'channel') return client
    await client.say({ negoTokens: [await client.negoToken()] })
    if (stage === 'challenged') return client
    await client.say({ negoTokens: [await client.negoToken()], pubKeyAuth: client.pubKeyAuth() })
    return client
  }

  private constructor(pair: Pair, tls: Party, before: Uint8Array, password: string) {
    this.#pair = pair
    this.#tls = tls
    this.#before = before
    this.#ntlm = initSecurityInterface().initiate({
      package: 'NTLM',
      credentials: passwordCredential({ ...ALICE, password }),
      target: TARGET,
      flags: ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
      channelBindings: readSecChannelBindings(tls.ask(SECPKG_ATTR_ENDPOINT_BINDINGS).bindings),
    })
  }

  get server(): AcceptorExchange {
    return this.#pair.server
  }

  /** NTLM's next token. */
  async negoToken(): Promise<Uint8Array> {
    const { token = NOTHING } = await this.#ntlm.step(this.#answer?.negoTokens[0])
    return token
  }

  /** What binds this channel, sealed by NTLM, as it should be but for what is given. */
  pubKeyAuth(changed: Partial<Binding> = {}, direction: Direction = 'client-to-server'): Uint8Array {
    const publicKey = subjectPublicKey(this.#tls.ask(SECPKG_ATTR_REMOTE_CERT_CONTEXT).certificate)
    return this.seal(bindPublicKey(direction, { version: 6, clientNonce: this.nonce, publicKey, ...changed }))
  }

  /** Sealed by NTLM. */
  seal(message: Uint8Array): Uint8Array {
    return this.#ntlm.session.seal(message)
  }

  /** Says a request, of version 6 and with the nonce where nothing else is given. */
  say(fields: Partial<TsRequestFields>): Promise<TsRequest | undefined> {
    return this.sayBytes(writeTsRequest({ version: 6, clientNonce: this.nonce, ...fields }))
  }

  /** Says any bytes in a record. @returns the server's answer; `undefined` where it waits for more, or is done. */
  async sayBytes(plain: Uint8Array): Promise<TsRequest | undefined> {
    return this.#send(this.#tls.seal(plain))
  }

  /** Says an alert of TLS, behind other bytes if so wished. */
  sayAlert(level: number, number: number, plain?: Uint8Array): Promise<TsRequest | undefined> {
    const first = plain === undefined ? NOTHING : this.#tls.seal(plain)
    return this.#send(concatBytes(first, this.#tls.seal(Uint8Array.of(level, number), SECQOP_WRAP_OOB_DATA)))
  }

  /** What the server tells by the token of a refusal. */
  hear(token: Uint8Array): TsRequest {
    return readTsRequest(this.#tls.open(token).data)
  }

  async #send(records: Uint8Array): Promise<TsRequest | undefined> {
    const { token } = await this.server.step(concatBytes(this.#before, records))
    this.#before = NOTHING
    return (this.#answer = token === undefined ? undefined : this.hear(token))
  }

  [Symbol.dispose](): void {
    this.#pair[Symbol.dispose]()
    this.#ntlm[Symbol.dispose]()
    this.#tls.end()
  }
}
