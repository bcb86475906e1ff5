// The examples that need a real peer.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { passwordCredential, type CredentialValue, type SecurityFunctionTable } from 'sspi'
import { loadKrb5Conf } from 'sspi/krb5'
import { commandOf, missing, ourSide, PASSWORD, sambaAd } from '../src/index.js'

const skip = missing('gss-peer', 'mit-kdc')
const EXAMPLE = fileURLToPath(new URL('../../../examples/dist/src/kerberos-with-keytab.js', import.meta.url))

const LDAP_EXAMPLE = new URL('../../../examples/dist/src/ldap-bind.js', import.meta.url).href

interface LdapExample {
  readonly lookUp: (
    sspi: SecurityFunctionTable,
    credentials: CredentialValue,
    entry: { readonly host: string; readonly port: number; readonly target: string; readonly name: string },
  ) => Promise<string>
}

test('the example logs on with a keytab, to an acceptor of MIT', { skip }, async () => {
  const { MIT_KEYTAB = '', MIT_KRB5_CONFIG = '' } = process.env
  const env = { ...process.env, KRB5_CONFIG: MIT_KRB5_CONFIG, KRB5RCACHENAME: 'none:' }
  const args = [
    'accept',
    '--listen',
    '127.0.0.1:0',
    '--mech',
    'krb5',
    '--keytab',
    MIT_KEYTAB,
    '--require',
    'mutual,conf',
  ]
  const peer = spawn(commandOf('gss-peer'), args, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 100_000 })
  try {
    const lines = createInterface(peer.stdout)
    // One that ends without a word would be waited for without end.
    const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
    assert.ok(line !== undefined, 'the acceptor has ended')
    const port = line.slice(line.lastIndexOf(':') + 1)
    const request = ['ldap/localhost@MIT.TEST', MIT_KEYTAB, 'HTTP/localhost', '127.0.0.1', port]
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE, ...request], { env, timeout: 60_000 })
    assert.match(stdout, /^established with HTTP\/localhost: mutual authentication, integrity, confidentiality\n$/)
  } finally {
    peer.kill()
  }
})

test(
  'the example of an LDAP bind finds an entry of Samba under encryption',
  { skip: missing('samba-ad') },
  async () => {
    const { address, host, krb5Conf } = sambaAd()
    const { lookUp } = (await import(LDAP_EXAMPLE)) as LdapExample
    const entry = { host: address, port: 389, target: `ldap/${host}`, name: 'cn=alice,cn=users,dc=ad,dc=test' }
    const sspi = ourSide({ krb5: await loadKrb5Conf(krb5Conf) })
    const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
    assert.equal(await lookUp(sspi, credentials, entry), 'CN=alice,CN=Users,DC=ad,DC=test')
    const wrong = passwordCredential({ user: 'alice@AD.TEST', password: 'wrong' })
    await assert.rejects(lookUp(sspi, wrong, entry), { code: 'SEC_E_LOGON_DENIED' })
  },
)
