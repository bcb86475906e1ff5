import type { TlsProgress, TlsQuery } from '../../sspi/index.js'
import { NodeTlsEngine } from './engine.js'

/** Answers the effect `tls` with an engine that runs the handshake of `node:tls` in memory. */
export async function answerTls(query: TlsQuery): Promise<TlsProgress> {
  if (query.kind === 'open') return NodeTlsEngine.open(query.setup, query.connection)
  if (query.engine instanceof NodeTlsEngine) return query.engine.feed(query.records)
  throw new TypeError('tls: the engine is another one')
}
