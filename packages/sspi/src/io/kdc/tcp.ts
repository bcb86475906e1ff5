import { connect } from 'node:net'
import { frameKdcMessage } from '../../kerberos/messages/index.js'
import { AttemptFailed, wordsOf, type Conversation } from './conversation.js'
import { FrameDecoder } from './frame-decoder.js'
import { kindOfReply } from './reply.js'
import type { HostAddress } from './resolver.js'

/**
 * Sends a request over a connection of its own and reads the reply, each with its length in four bytes before it (RFC 4120
 * §7.2.2). The top bit of a length is reserved: a reply that has it is refused, as are empty and overlong ones.
 */
export function exchangeTcp(
  { address, family }: HostAddress,
  port: number,
  conversation: Conversation,
): Promise<Uint8Array> {
  const { service, request, signal, maxReplyBytes } = conversation
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, family })
    const incoming = new FrameDecoder('reply', maxReplyBytes)
    const end = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
    }
    const fail = (error: unknown): void => {
      end()
      reject(new AttemptFailed(wordsOf(error), { cause: error }))
    }
    const onAbort = (): void => fail(signal.reason)
    socket.on('error', fail)
    socket.once('connect', () => socket.write(frameKdcMessage(request)))
    socket.on('data', (chunk) => {
      try {
        incoming.push(chunk)
        const reply = incoming.next()
        if (reply === undefined) return
        kindOfReply(service, reply)
        end()
        resolve(reply)
      } catch (error) {
        fail(error)
      }
    })
    socket.once('close', () => fail(new AttemptFailed(`closed after ${incoming.progress}`)))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
  })
}
