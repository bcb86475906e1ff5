import { SspiError, type CtxtHandle } from '../sspi/index.js'
import {
  Sasl_AuthZIDForbidden,
  Sasl_AuthZIDProcessed,
  SASL_OPTION_AUTHZ_PROCESSING,
  SASL_OPTION_AUTHZ_STRING,
  SASL_OPTION_RECV_SIZE,
  SASL_OPTION_SEND_SIZE,
} from './constants.js'
import { checkGivenAuthorizationId } from './layer-messages.js'
import { checkSaslSize, saslContextOf, type SaslContext } from './sasl-context.js'

/** What each option of a SASL context holds, by its number. */
export interface SaslOptions {
  readonly [SASL_OPTION_SEND_SIZE]: number
  readonly [SASL_OPTION_RECV_SIZE]: number
  readonly [SASL_OPTION_AUTHZ_STRING]: Uint8Array
  readonly [SASL_OPTION_AUTHZ_PROCESSING]: typeof Sasl_AuthZIDForbidden | typeof Sasl_AuthZIDProcessed
}

/** The number of an option. */
export type SaslOption = keyof SaslOptions

type Access = {
  readonly [O in SaslOption]: {
    readonly get: (sasl: SaslContext) => SaslOptions[O]
    readonly set: (sasl: SaslContext, value: SaslOptions[O]) => void
  }
}

const ACCESS: Access = {
  [SASL_OPTION_SEND_SIZE]: {
    get: ({ sendSize }) => sendSize,
    set: (sasl, value) => {
      sasl.sendSize = checkSaslSize(value)
    },
  },
  [SASL_OPTION_RECV_SIZE]: {
    get: ({ receiveSize }) => receiveSize,
    set: (sasl, value) => {
      sasl.receiveSize = checkSaslSize(value)
    },
  },
  [SASL_OPTION_AUTHZ_STRING]: {
    get: (sasl) => {
      requireProcessing(sasl)
      return new Uint8Array(sasl.agreedAuthorizationId)
    },
    set: (sasl, value) => {
      requireProcessing(sasl)
      if (sasl.side === 'acceptor' || !sasl.profile.negotiatesLayer) {
        throw unsupported(`${sasl.profile.name}: whom the ${sasl.side} acts as cannot be set here`)
      }
      checkGivenAuthorizationId(value)
      sasl.authorizationId = new Uint8Array(value)
    },
  },
  [SASL_OPTION_AUTHZ_PROCESSING]: {
    get: (sasl) => (sasl.authorizationIdForbidden ? Sasl_AuthZIDForbidden : Sasl_AuthZIDProcessed),
    set: (sasl, value) => {
      if ((value as number) !== Sasl_AuthZIDForbidden && (value as number) !== Sasl_AuthZIDProcessed) {
        throw new SspiError(
          'SEC_E_INVALID_PARAMETER',
          `SASL: there is no state ${String(value)} of authorization identities`,
        )
      }
      sasl.authorizationIdForbidden = value === Sasl_AuthZIDForbidden
    },
  },
}

/**
 * SaslGetContextOption: what an option of a SASL context holds; see {@link SaslOptions}. Bytes are a copy.
 *
 * @throws `SspiError` `SEC_E_INVALID_HANDLE` when the context is not one of SASL's; `SEC_E_UNSUPPORTED_FUNCTION` when there is no
 *   such option, and for `SASL_OPTION_AUTHZ_STRING` where it is forbidden.
 */
export function saslGetContextOption<O extends SaslOption>(context: CtxtHandle, option: O): SaslOptions[O] {
  return access(option).get(saslContextOf(context))
}

/**
 * SaslSetContextOption, before the last step: a context that stands keeps what was agreed on.
 *
 * @throws `SspiError` as {@link saslGetContextOption}; `SEC_E_OUT_OF_SEQUENCE` when the context stands; `SEC_E_INVALID_PARAMETER`
 *   when the value cannot be; `SEC_E_UNSUPPORTED_FUNCTION` for `SASL_OPTION_AUTHZ_STRING` with DIGEST-MD5, whose credential's
 *   `principal` says it, and with GSS-SPNEGO, which has none.
 */
export function saslSetContextOption<O extends SaslOption>(
  context: CtxtHandle,
  option: O,
  value: SaslOptions[O],
): void {
  const { set } = access(option)
  const sasl = saslContextOf(context)
  if (sasl.phase.at === 'done') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the context is established already')
  set(sasl, value)
}

function access<O extends SaslOption>(option: O): Access[O] {
  // Programs without types may ask for anything.
  const found = ACCESS[option] as Access[O] | undefined
  if (found === undefined) throw unsupported(`there is no option ${option}`)
  return found
}

function requireProcessing({ authorizationIdForbidden }: SaslContext): void {
  if (authorizationIdForbidden) throw unsupported('authorization identities are forbidden')
}

function unsupported(what: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `SASL: ${what}`)
}
