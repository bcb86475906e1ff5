import { concatBytes } from '../bytes/index.js'
import type { SecretBytes } from '../crypto/index.js'
import { SspiError, type Side } from '../sspi/index.js'
import { CIPHER_SUITES, type CipherSuite } from './cipher-suites.js'
import { ContentType, TLS_1_3 } from './constants.js'
import { keyBlock, RecordProtection12, RecordProtection13, type RecordProtection } from './record-protection.js'
import { plainRecord } from './records.js'
import type { HandshakeWatcher } from './watcher.js'

/** What keys are made of. */
export interface KeySource {
  readonly side: Side
  /** By their labels in the key log. */
  readonly secrets: ReadonlyMap<string, SecretBytes>
  readonly watcher: HandshakeWatcher
}

/** The record version of a first message, RFC 8446 §5.1. */
const FIRST_VERSION = 0x0301
const PLAIN_VERSION = 0x0303

/**
 * The protection of both directions behind the handshake. Its positions: in TLS 1.3 the keys are new, and only tickets of ours
 * have used them; in TLS 1.2 the Finished messages were the first records.
 */
export function openProtections(
  source: KeySource,
  suite: CipherSuite,
  ticketRecords: number,
): { readonly sent: RecordProtection; readonly received: RecordProtection } {
  const initiator = source.side === 'initiator'
  if (suite.version === TLS_1_3) {
    const client = secretOf(source, 'CLIENT_TRAFFIC_SECRET_0')
    const server = secretOf(source, 'SERVER_TRAFFIC_SECRET_0')
    return {
      sent: new RecordProtection13(suite, initiator ? client : server, ticketRecords),
      received: new RecordProtection13(suite, initiator ? server : client),
    }
  }
  const keys = keysOf12(source, suite)
  try {
    return {
      sent: new RecordProtection12(suite, initiator ? keys.client : keys.server),
      received: new RecordProtection12(suite, initiator ? keys.server : keys.client),
    }
  } finally {
    keys.dispose()
  }
}

/** An alert of this side during the handshake, protected as its next record must be. Nothing of the engine's may be sent behind it. */
export function alertRecord(source: KeySource, level: number, number: number): Uint8Array {
  const body = Uint8Array.of(level, number)
  const protection = nextProtection(source)
  if (protection === undefined) {
    const version = source.watcher.serverHello === undefined ? FIRST_VERSION : PLAIN_VERSION
    return plainRecord(ContentType.ALERT, version, body)
  }
  const header = new Uint8Array(protection.header)
  const trailer = new Uint8Array(protection.trailer)
  protection.seal(ContentType.ALERT, header, [body], trailer)
  protection.dispose()
  return concatBytes(header, body, trailer)
}

/** A secret that the engine must have told. */
export function secretOf({ secrets }: KeySource, label: string): SecretBytes {
  const secret = secrets.get(label)
  if (secret === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', `Schannel: the engine has not told ${label}`)
  return secret
}

function nextProtection(source: KeySource): RecordProtection | undefined {
  const { side, watcher, secrets } = source
  const suite = CIPHER_SUITES.find(({ number }) => number === watcher.serverHello?.cipherSuite)
  if (suite === undefined) return undefined
  if (suite.version === TLS_1_3) {
    // A client's keys are those of the handshake before its Finished, which is the last that it sends; a server's first flight
    // ends with its Finished, so that the next record is the first under its keys for the application.
    const label = side === 'initiator' ? 'CLIENT_HANDSHAKE_TRAFFIC_SECRET' : 'SERVER_TRAFFIC_SECRET_0'
    const secret = secrets.get(label)
    return secret === undefined ? undefined : new RecordProtection13(suite, secret)
  }
  if (!watcher.changed) return undefined
  const keys = keysOf12(source, suite)
  try {
    return new RecordProtection12(suite, side === 'initiator' ? keys.client : keys.server)
  } finally {
    keys.dispose()
  }
}

function keysOf12(source: KeySource, suite: CipherSuite): ReturnType<typeof keyBlock> {
  const { clientRandom, serverHello } = source.watcher
  if (clientRandom === undefined || serverHello === undefined) {
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'Schannel: the handshake is done, and its hellos were not seen')
  }
  return keyBlock(suite, secretOf(source, 'CLIENT_RANDOM'), clientRandom, serverHello.random)
}
