import { SspiError, type Input } from '../sspi/index.js'

/** The peer's token, where nothing else can come. @throws `SspiError` `SEC_E_INVALID_TOKEN` when there is none. */
export function tokenOf(input: Input, expected: string): Uint8Array {
  if (input.kind !== 'token') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: ${expected} expected, not an answer`)
  if (input.token === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: ${expected} expected, and no token came`)
  }
  return input.token
}
