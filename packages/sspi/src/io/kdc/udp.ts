import { createSocket } from 'node:dgram'
import { AttemptFailed, wordsOf, type Conversation } from './conversation.js'
import { kindOfReply } from './reply.js'
import type { HostAddress } from './resolver.js'

/**
 * Sends a request in a datagram and waits for one that answers it.
 *
 * The socket is connected: datagrams of other senders do not reach it, and a closed port is an error at once. A datagram
 * that is no whole reply is passed over, as it may be anybody's, and named if nothing better comes.
 *
 * @param retransmitMilliseconds - When it is sent again, and then after twice as long each time; 0 for never.
 */
export function exchangeUdp(
  { address, family }: HostAddress,
  port: number,
  conversation: Conversation,
  retransmitMilliseconds: number,
): Promise<Uint8Array> {
  const { service, request, signal } = conversation
  return new Promise((resolve, reject) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    let passedOver = ''
    let timer: NodeJS.Timeout | undefined
    let over = false
    const end = (): void => {
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.close()
    }
    const fail = (error: unknown): void => {
      // A refusal may come twice, from the sending and from the waiting.
      if (over) return
      end()
      reject(new AttemptFailed(`${wordsOf(error)}${passedOver}`, { cause: error }))
    }
    const onAbort = (): void => fail(signal.reason)
    const send = (wait: number): void => {
      socket.send(request, (error) => {
        if (error !== null) fail(error)
      })
      if (wait > 0) timer = setTimeout(() => send(wait * 2), wait)
    }
    socket.on('error', fail)
    socket.on('message', (datagram) => {
      // A copy, as Node hands out pieces of its pool.
      const reply = new Uint8Array(datagram)
      try {
        kindOfReply(service, reply)
      } catch (error) {
        passedOver = `; passed over ${reply.length} bytes: ${wordsOf(error)}`
        return
      }
      if (over) return
      end()
      resolve(reply)
    })
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    socket.connect(port, address, () => {
      if (!over) send(retransmitMilliseconds)
    })
  })
}
