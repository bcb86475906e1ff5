import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { AcceptorExchange, SspiError, type InitiatorExchange, type SecureSession } from 'sspi'
import { Wire, type WireOptions } from './wire.js'

/** `PROTOCOL_HYBRID`, MS-RDPBCGR 2.2.1.1.1: TLS, and CredSSP in it. */
const PROTOCOL_HYBRID = 2
/** TPKT header, RFC 1006, and X.224 header, of a message that has nothing but RDP's negotiation behind them. */
const NEGOTIATION_AT = 11
const CONNECTION_REQUEST = 0xe0
const CONNECTION_CONFIRM = 0xd0
const NEG_REQ = 1
const NEG_RSP = 2

/**
 * Connects as an RDP client does, and asks for CredSSP, MS-RDPBCGR 2.2.1.1. What follows on the wire is TLS.
 *
 * @throws Error when the server chooses something else.
 */
export async function connectRdp(options: WireOptions): Promise<Wire> {
  const wire = await Wire.connect(options)
  wire.write(writeNegotiation(CONNECTION_REQUEST, NEG_REQ))
  const [type, chosen] = readNegotiation(await readTpkt(wire))
  if (type === NEG_RSP && chosen === PROTOCOL_HYBRID) return wire
  wire[Symbol.dispose]()
  throw new Error(`RDP: the server answers ${type}, ${chosen} instead of choosing CredSSP`)
}

/** A server on a port of loopback. */
export interface RdpServer extends AsyncDisposable {
  readonly port: number
}

/** Listens as an RDP server that wants CredSSP, MS-RDPBCGR 2.2.1.2; each client is served once it has asked for that. */
export async function listenRdp(serve: (wire: Wire) => Promise<void>): Promise<RdpServer> {
  return listenWire(async (wire) => {
    const [type, asked] = readNegotiation(await readTpkt(wire))
    if (type !== NEG_REQ || (asked & PROTOCOL_HYBRID) === 0) return
    wire.write(writeNegotiation(CONNECTION_CONFIRM, NEG_RSP))
    await serve(wire)
  })
}

/** Listens on a free port of loopback. Connections are closed when they have been served, and when the server ends. */
export async function listenWire(serve: (wire: Wire) => Promise<void>): Promise<RdpServer> {
  const wires = new Set<Wire>()
  const server = createServer({ noDelay: true }, (socket) => {
    const wire = Wire.over(socket)
    wires.add(wire)
    void serve(wire)
      .catch(() => undefined) // the other end is told by the end of the connection
      .finally(() => {
        wires.delete(wire)
        wire.end()
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    [Symbol.asyncDispose]: async () => {
      for (const wire of wires) wire[Symbol.dispose]()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * Runs an exchange whose tokens go over a connection as they are, one behind the other: what is cut short is given again with
 * more behind it. A failure that has a token for the peer sends it. What came behind the last token is the next to be read.
 *
 * @throws the exchange's error; an Error when the peer closes first.
 */
export async function establishOver(
  wire: Wire,
  exchange: InitiatorExchange | AcceptorExchange,
): Promise<SecureSession> {
  let held = exchange instanceof AcceptorExchange ? await wire.some() : undefined
  try {
    for (;;) {
      const step = await exchange.step(held)
      if (step.token !== undefined) wire.write(step.token)
      const rest: Uint8Array = (step.incomplete ? held : step.extra) ?? new Uint8Array(0)
      if (step.done) {
        wire.putBack(rest)
        return exchange.session
      }
      // Without an answer to wait for, what is left is another token, or the beginning of one.
      held = rest.length > 0 && !step.incomplete ? rest : join(rest, await wire.some())
    }
  } catch (error) {
    if (error instanceof SspiError && error.token !== undefined) wire.write(error.token)
    throw error
  }
}

/** One side of a connection that CredSSP has secured. */
export interface SecuredWire {
  readonly wire: Wire
  readonly session: SecureSession
}

/** Carries the messages of one secured connection over to another, until one of them ends. */
export async function carry(from: SecuredWire, to: SecuredWire): Promise<void> {
  try {
    for (;;) {
      const header = await from.wire.read(5)
      const record = join(header, await from.wire.read(header[3]! * 256 + header[4]!))
      const message = from.session.unseal(record)
      if (message.length > 0) to.wire.write(to.session.seal(message))
    }
  } finally {
    to.wire.end()
  }
}

/** The whole of one TPKT, RFC 1006 section 6. */
async function readTpkt(wire: Wire): Promise<Uint8Array> {
  const header = await wire.read(4)
  const length = header[2]! * 256 + header[3]!
  return join(header, await wire.read(length - 4))
}

function writeNegotiation(x224: number, type: number): Uint8Array {
  const length = NEGOTIATION_AT + 8
  const x224Length = length - 5
  const header = [3, 0, 0, length, x224Length, x224, 0, 0, 0, 0, 0]
  return Uint8Array.of(...header, type, 0, 8, 0, PROTOCOL_HYBRID, 0, 0, 0)
}

/** Type and protocols of RDP's negotiation, which is at the end, behind a cookie if there is one. */
function readNegotiation(tpkt: Uint8Array): readonly [number, number] {
  const [type = 0, , , , protocols = 0] = tpkt.subarray(Math.max(NEGOTIATION_AT, tpkt.length - 8))
  return [type, protocols]
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
