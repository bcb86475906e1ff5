import { Reader, Writer } from '../bytes/index.js'
import type { SecureSession } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { FrameType, type Frame, type RecordType } from './framing.js'

/** A record that was opened: its type, and a view of what follows it. */
export interface OpenedRecord {
  readonly type: number
  readonly body: Uint8Array
}

/** Turns records into protected payloads and back, in the way that the session achieved. */
export class RecordProtection {
  readonly session: SecureSession
  /** The one type of frame that records come and go in. */
  readonly frameType: typeof FrameType.SEALED | typeof FrameType.SIGNED

  /** @throws {@link SspiError} `SEC_E_SECURITY_QOS_FAILED` when the session can neither encrypt nor sign. */
  constructor(session: SecureSession) {
    this.session = session
    if (session.achieved.includes('confidentiality')) this.frameType = FrameType.SEALED
    else if (session.achieved.includes('integrity')) this.frameType = FrameType.SIGNED
    else throw new SspiError('SEC_E_SECURITY_QOS_FAILED', 'the context came without integrity, which a stream needs')
  }

  get encrypted(): boolean {
    return this.frameType === FrameType.SEALED
  }

  /** The payload's parts for a record made of pieces. */
  protect(type: RecordType, pieces: readonly Uint8Array[]): readonly Uint8Array[] {
    let length = 1
    for (const piece of pieces) length += piece.length
    const record = new Uint8Array(length)
    record[0] = type
    let at = 1
    for (const piece of pieces) {
      record.set(piece, at)
      at += piece.length
    }
    if (this.encrypted) return [this.session.seal(record)]
    const signature = this.session.sign(record)
    return [new Writer(2).u16be(signature.length).finish(), signature, record]
  }

  /**
   * Opens the record of a frame.
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE`, `SEC_E_INVALID_TOKEN`; nothing of it counts then.
   */
  open(frame: Frame): OpenedRecord {
    if (frame.type !== this.frameType) {
      // A frame that is not protected, or less than was agreed on, must not pass.
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `frame: of type ${frame.type} where ${this.frameType} was agreed on`)
    }
    const record = this.encrypted ? this.session.unseal(frame.payload) : this.#verified(frame.payload)
    const reader = new Reader(record)
    return { type: reader.u8('record: type'), body: reader.take(reader.remaining, 'record') }
  }

  #verified(payload: Uint8Array): Uint8Array {
    const reader = new Reader(payload)
    const signature = reader.take(reader.u16be('record: length of the signature'), 'record: signature')
    const record = reader.take(reader.remaining, 'record')
    this.session.verify(record, signature)
    return record
  }
}
