import { Reader } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import {
  SCHANNEL_ALERT,
  SCHANNEL_RENEGOTIATE,
  SCHANNEL_SESSION,
  SCHANNEL_SHUTDOWN,
  TLS1_ALERT_FATAL,
  TLS1_ALERT_WARNING,
} from './constants.js'

/** What ApplyControlToken asks for: an alert (close_notify to shut down), or that the session is not gone on with. */
export type Control =
  | { readonly kind: 'alert'; readonly level: number; readonly number: number }
  | { readonly kind: 'session'; readonly flags: number }

const CLOSE_NOTIFY = 0

/** Reads a control token. @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION`. */
export function readControlToken(message: Uint8Array): Control {
  const reader = new Reader(message)
  // Windows answers a token that is too short so.
  if (message.length < 4) throw unsupported(`a control token of ${message.length} bytes`)
  const type = reader.u32le('control token: type')
  switch (type) {
    case SCHANNEL_SHUTDOWN:
      return { kind: 'alert', level: TLS1_ALERT_WARNING, number: CLOSE_NOTIFY }
    case SCHANNEL_ALERT: {
      if (reader.remaining < 8) throw unsupported('an alert token that is cut short')
      const level = reader.u32le('alert token: kind')
      const number = reader.u32le('alert token: number')
      if ((level !== TLS1_ALERT_WARNING && level !== TLS1_ALERT_FATAL) || number > 0xff) {
        throw unsupported(`an alert of kind ${level} and number ${number}`)
      }
      return { kind: 'alert', level, number }
    }
    case SCHANNEL_SESSION:
      if (reader.remaining < 4) throw unsupported('a session token that is cut short')
      return { kind: 'session', flags: reader.u32le('session token: flags') }
    case SCHANNEL_RENEGOTIATE:
      throw unsupported('renegotiation')
    default:
      throw unsupported(`a control token of type ${type}`)
  }
}

function unsupported(what: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Schannel: ${what} is not supported`)
}
