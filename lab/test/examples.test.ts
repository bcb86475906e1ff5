// The examples that need a real peer.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { commandOf, missing } from '../src/index.js'

const skip = missing('gss-peer', 'mit-kdc')
const EXAMPLE = fileURLToPath(new URL('../../../examples/dist/src/kerberos-with-keytab.js', import.meta.url))

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
  const peer = spawn(commandOf('gss-peer'), args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const [line] = (await once(createInterface(peer.stdout), 'line')) as [string]
    const port = line.slice(line.lastIndexOf(':') + 1)
    const request = ['ldap/localhost@MIT.TEST', MIT_KEYTAB, 'HTTP/localhost', '127.0.0.1', port]
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE, ...request], { env, timeout: 60_000 })
    assert.match(stdout, /^established with HTTP\/localhost: mutual authentication, integrity, confidentiality\n$/)
  } finally {
    peer.kill()
  }
})
