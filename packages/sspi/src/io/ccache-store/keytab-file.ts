import { wipe } from '../../crypto/index.js'
import { readKeytab, writeKeytab, type Keytab } from '../../kerberos/files/index.js'
import { SspiError } from '../../status/index.js'
import { readSecretFile, replaceSecretFile, unusable } from './secret-file.js'

/**
 * Reads a keytab out of a file. Its keys are views of one array, the caller's to wipe.
 *
 * @param name - A path, with `FILE:` or `WRFILE:` before it or without.
 * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when there is none or it cannot be read; `SEC_E_UNSUPPORTED_FUNCTION` for
 *   keytabs that are no files.
 */
export async function loadKeytabFile(name: string): Promise<Keytab> {
  const path = pathOf(name)
  const bytes = await readSecretFile(path)
  if (bytes === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `${path}: no such keytab`)
  try {
    return readKeytab(bytes)
  } catch (cause) {
    wipe(bytes)
    throw unusable(path, cause)
  }
}

/**
 * Replaces a keytab's file, or makes it, with mode 0600: at once, or not at all.
 *
 * @throws `SspiError` as {@link loadKeytabFile}; `TypeError` when the keytab has no form as a file.
 */
export async function saveKeytabFile(name: string, keytab: Keytab): Promise<void> {
  const bytes = writeKeytab(keytab)
  try {
    await replaceSecretFile(pathOf(name), bytes)
  } finally {
    wipe(bytes)
  }
}

function pathOf(name: string): string {
  const [, type = 'FILE', path = ''] = /^(?:([A-Za-z]{2,}):)?(.*)$/s.exec(name) ?? []
  if ((type === 'FILE' || type === 'WRFILE') && path !== '') return path
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${name}: not a keytab in a file`)
}
