import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { AttemptFailed, wordsOf, type Conversation } from './conversation.js'
import { unwrapFromKdcProxy, wrapForKdcProxy } from './kdc-proxy-message.js'
import { kindOfReply } from './reply.js'
import type { KdcResolver } from './resolver.js'

/** What a KDC proxy is asked for, and by which authorities it is known. */
export interface ProxyQuery {
  readonly url: string
  readonly realm: string
  /** `FILE:path` and `DIR:path`, PEM; none for the authorities that Node.js trusts. */
  readonly anchors: readonly string[]
  readonly resolver: KdcResolver
}

/** The envelope of a reply takes less than this. */
const ENVELOPE = 1024

/**
 * Sends a request through a KDC proxy (MS-KKDCP) and takes the reply out of its envelope. The proxy's certificate is checked,
 * always, and redirections are not followed.
 */
export async function exchangeHttps(query: ProxyQuery, conversation: Conversation): Promise<Uint8Array> {
  const { service, request, signal, maxReplyBytes } = conversation
  try {
    const ca = await readAnchors(query.anchors)
    const body = wrapForKdcProxy(request, query.realm)
    const response = await post(query, body, ca, signal)
    if (response.statusCode !== 200) {
      response.destroy()
      throw new AttemptFailed(`HTTP status ${response.statusCode ?? 0}`)
    }
    const reply = unwrapFromKdcProxy(await readBody(response, maxReplyBytes + ENVELOPE))
    if (reply.length > maxReplyBytes) {
      throw new AttemptFailed(`a reply of ${reply.length} bytes, ${maxReplyBytes} allowed`)
    }
    kindOfReply(service, reply)
    return reply
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    throw new AttemptFailed(wordsOf(reason), { cause: reason })
  }
}

function post(
  { url, resolver }: ProxyQuery,
  body: Uint8Array,
  ca: string[] | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/kerberos',
        'Content-Length': body.length,
        'Cache-Control': 'no-cache',
        Pragma: 'no-cache',
        'User-Agent': 'sspi',
      },
      // A connection of its own: none that is kept may belong to other authorities.
      agent: false,
      // Said, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      lookup: lookupBy(resolver),
      signal,
      ...(ca === undefined ? {} : { ca }),
    })
    request.once('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function readBody(response: IncomingMessage, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length
    // Leaving the loop destroys the response.
    if (length > most) throw new AttemptFailed(`a reply of more than ${most} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function lookupBy(resolver: KdcResolver): LookupFunction {
  return (host, options, callback) => {
    resolver.lookup(host).then(
      (found) => {
        const [first] = found
        if (first === undefined) callback(new AttemptFailed(`no address of ${host}`), '')
        else if (options.all === true) callback(null, [...found])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new AttemptFailed(wordsOf(error)), ''),
    )
  }
}

async function readAnchors(anchors: readonly string[]): Promise<string[] | undefined> {
  if (anchors.length === 0) return undefined
  const files: string[] = []
  for (const anchor of anchors) {
    const [, kind, path = ''] = /^(?:(FILE|DIR):)?(.+)$/.exec(anchor) ?? []
    if (kind === 'DIR') files.push(...(await readdir(path)).sort().map((name) => join(path, name)))
    else if (kind === 'FILE' || path.startsWith('/')) files.push(path)
    // Left out, it would leave fewer authorities, and with none of them others than were meant.
    else throw new AttemptFailed(`http_anchors ${anchor}: neither FILE: nor DIR:`)
  }
  return Promise.all(files.map((file) => readFile(file, 'utf8')))
}
