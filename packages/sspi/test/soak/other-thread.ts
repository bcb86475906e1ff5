import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { initSecurityInterface, type SecureSession } from '../../src/index.js'
import type { RemoteSession, Thread } from './life.js'

// Both ends of what goes between the soak and a thread that takes its sessions in.

type Ask =
  | { readonly kind: 'take'; readonly packageName: string; readonly blob: Uint8Array; readonly key: Uint8Array }
  | { readonly kind: 'echo'; readonly session: number; readonly sealed: Uint8Array }
  | { readonly kind: 'end'; readonly session: number }

type Numbered<T> = T & { readonly number: number }
interface Answer {
  readonly session?: number
  readonly user?: string
  readonly sealed?: Uint8Array
  readonly failure?: string
}

/** Starts a thread that takes sessions in. */
export class OtherThread implements Thread, AsyncDisposable {
  readonly #worker = new Worker(new URL(import.meta.url))
  readonly #exited = once(this.#worker, 'exit')
  readonly #waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  #asked = 0
  #failure: Error | undefined

  constructor() {
    this.#worker.on('message', ({ number, ...answer }: Numbered<Answer>) => {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (answer.failure === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(`the other thread: ${answer.failure}`))
    })
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('the other thread has ended')))
    this.#exited.catch(() => undefined) // it rejects with the error that #fail() has told
  }

  async take(packageName: string, blob: Uint8Array, key: Uint8Array): Promise<RemoteSession> {
    const { session } = await this.#ask({ kind: 'take', packageName, blob, key })
    return {
      echo: async (sealed) => {
        const answer = await this.#ask({ kind: 'echo', session: session!, sealed })
        return { user: answer.user!, sealed: answer.sealed! }
      },
      end: async () => {
        await this.#ask({ kind: 'end', session: session! })
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.postMessage(undefined)
    await this.#exited
  }

  /** Whoever asks a thread that is gone would wait for ever. */
  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }

  #ask(ask: Ask): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const number = this.#asked++
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      this.#worker.postMessage({ ...ask, number })
    })
  }
}

/** What runs in the thread. */
function serve(port: NonNullable<typeof parentPort>): void {
  const sspi = initSecurityInterface({ digest: { realm: 'www.example.test', insecureAllowLegacyLayers: true } })
  const sessions = new Map<number, SecureSession>()
  const answer = async (ask: Numbered<Ask>): Promise<Answer> => {
    if (ask.kind === 'take') {
      const { packageName, blob, key } = ask
      sessions.set(ask.number, await sspi.importSession({ package: packageName, blob, key }))
      return { session: ask.number }
    }
    const session = sessions.get(ask.session)!
    if (ask.kind === 'echo') {
      return { user: session.accessToken.user.name, sealed: session.seal(session.unseal(ask.sealed)) }
    }
    sessions.delete(ask.session)
    session[Symbol.dispose]()
    return {}
  }
  port.on('message', (ask: Numbered<Ask> | undefined) => {
    if (ask === undefined) {
      port.close()
      return
    }
    answer(ask).then(
      (told) => {
        port.postMessage({ ...told, number: ask.number })
      },
      (error: unknown) => {
        port.postMessage({ failure: String(error), number: ask.number })
      },
    )
  })
}

if (!isMainThread && parentPort !== null) serve(parentPort)
