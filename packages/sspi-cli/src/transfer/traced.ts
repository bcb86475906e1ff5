import type { SecurityFunctionTable } from 'sspi'
import { decodeToken } from 'sspi/decode'
import { formatTree } from '../terminal/tree.js'
import { noColours } from '../terminal/style.js'
import type { Reporter } from './reporter.js'

type Exchanges = Pick<SecurityFunctionTable, 'initiate' | 'accept'>
type Side = 'client' | 'server'

/** The same exchanges, each token of which is told as a tree. */
export function traced(sspi: Exchanges, reporter: Reporter): Exchanges {
  return {
    initiate: (options) => told(sspi.initiate(options), 'client', reporter),
    accept: (options) => told(sspi.accept(options), 'server', reporter),
  }
}

interface Stepping {
  step(token?: Uint8Array, signal?: AbortSignal): Promise<{ readonly token?: Uint8Array | undefined }>
}

function told<E extends Stepping>(exchange: E, own: Side, reporter: Reporter): E {
  const step = exchange.step.bind(exchange) as E['step']
  exchange.step = async (token, signal) => {
    tell(token, own === 'client' ? 'server' : 'client', reporter)
    const outcome = await step(token, signal)
    tell(outcome.token, own, reporter)
    return outcome
  }
  return exchange
}

/** A refusal's token is not among them: its error is told. */
function tell(token: Uint8Array | undefined, from: Side, reporter: Reporter): void {
  if (token === undefined || token.length === 0) return
  const tree = decodeToken(token)
  const base64 = Buffer.from(token).toString('base64')
  const shown = formatTree(tree, { style: noColours, full: false })
  reporter.event('token', { from, base64, tree }, `${from}'s token, ${token.length} bytes:\n${shown.trimEnd()}`)
}
