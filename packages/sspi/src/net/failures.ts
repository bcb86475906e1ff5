import { Reader, Writer } from '../bytes/index.js'
import { SspiError, Status, type FailureName } from '../status/index.js'

/** The first name of each number that is a failure. */
const names = new Map<number, FailureName>()
for (const [name, number] of Object.entries(Status)) {
  if (isFailure(name) && !names.has(number)) names.set(number, name)
}

function isFailure(name: string): name is FailureName {
  return name in Status && name !== 'SEC_E_OK' && !name.startsWith('SEC_I_')
}

/** What is told to the peer: the number alone, and the package's last token. No text of ours leaves the process. */
export function writeFailure(error: unknown): readonly Uint8Array[] {
  const status = error instanceof SspiError ? error.status : Status.SEC_E_INTERNAL_ERROR
  const token = error instanceof SspiError ? error.token : undefined
  const number = new Writer(4).u32be(status).finish()
  return token === undefined ? [number] : [number, token]
}

/** The number and the token that a peer gave up with. @throws {@link SspiError} `SEC_E_INVALID_TOKEN`. */
export function readFailure(bytes: Uint8Array): { readonly code: FailureName; readonly token: Uint8Array | undefined } {
  const reader = new Reader(bytes)
  const status = reader.u32be('error: status')
  const token = reader.take(reader.remaining, 'error: token')
  return { code: names.get(status) ?? 'SEC_E_INTERNAL_ERROR', token: token.length > 0 ? token : undefined }
}

/** A transport's failure as one of this library's, with the transport's own beneath. */
export function transportFailure(code: FailureName, what: string, cause: Error | undefined): SspiError {
  if (cause instanceof SspiError) return cause
  return new SspiError(code, cause === undefined ? what : `${what}: ${cause.message}`, { cause })
}
