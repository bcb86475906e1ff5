// The examples of the page on credentials are tests themselves: they run as they are.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { initSecurityInterface, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from 'sspi'
import '../src/which-credentials.js'
import '../src/which-mechanism.js'
import { root } from './shell-blocks.js'

/** The rows of the page's first table: a package, and what there is without a value, by side. */
function packageRows(): readonly { name: string; outbound: string; inbound: string }[] {
  const [, table = ''] = readFileSync(join(root, 'docs/credentials.md'), 'utf8').split('## By package and side')
  return table
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => {
      const [, name = '', , outbound = '', , inbound = ''] = line.split('|').map((cell) => cell.trim())
      return { name, outbound, inbound }
    })
}

test('without a value there is what the page says, for each package and side', async () => {
  const sspi = initSecurityInterface()
  const rows = packageRows()
  const packages = sspi.enumerateSecurityPackages().filter(({ name }) => !name.startsWith('Microsoft')) // Schannel's other name
  const names = packages.map(({ name }) => name.toLowerCase())
  assert.deepEqual(rows.map(({ name }) => (name === 'Digest' ? 'wdigest' : name.toLowerCase())).sort(), names.sort())
  for (const { name, outbound, inbound } of rows) {
    const packageName = name === 'Digest' ? 'WDigest' : name
    for (const [credentialUse, said] of [
      [SECPKG_CRED_OUTBOUND, outbound],
      [SECPKG_CRED_INBOUND, inbound],
    ] as const) {
      const acquired = sspi.acquireCredentialsHandle({ package: packageName, credentialUse })
      if (said === 'refused') await assert.rejects(acquired, { code: 'SEC_E_NO_CREDENTIALS' }, `${name}: ${said}`)
      else (await acquired).credential[Symbol.dispose]()
    }
  }
})
