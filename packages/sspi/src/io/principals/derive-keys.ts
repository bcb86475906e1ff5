import { pbkdf2 } from '../../crypto/index.js'
import { passwordKeys, type PasswordKeysOptions, type PrincipalKey } from '../../kdc/index.js'
import { SspiError } from '../../status/index.js'

/** Makes the keys of a password, for a database that keeps keys. They are the caller's. */
export async function derivePasswordKeys(
  password: string,
  options: PasswordKeysOptions,
): Promise<readonly Omit<PrincipalKey, 'kvno'>[]> {
  const run = passwordKeys(password, options)
  let progress = run.next()
  while (progress.done !== true) {
    const { effect, query } = progress.value
    if (effect !== 'stretch') throw new SspiError('SEC_E_INTERNAL_ERROR', `password keys: '${effect}' is not answered`)
    const { hash, password: encoded, salt, iterations, length } = query
    progress = run.next({ effect, value: await pbkdf2(hash, encoded, salt, iterations, length) })
  }
  return progress.value
}
