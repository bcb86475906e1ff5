import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PASSWORD, missing, mitKdc } from '../src/index.js'

/** What is used here of a cache. */
interface Store {
  readonly load: () => Promise<object | undefined>
  readonly save: (ccache: object) => Promise<void>
}

interface StoreRoom {
  readonly openCcache: (name: string) => Promise<Store>
  readonly loadKeytabFile: (name: string) => Promise<object>
  readonly saveKeytabFile: (name: string, keytab: object) => Promise<void>
}

// It has no entry point yet.
const room = new URL('../../../packages/sspi/dist/src/io/ccache-store/index.js', import.meta.url)
const { openCcache, loadKeytabFile, saveKeytabFile } = (await import(room.href)) as StoreRoom

const skip = missing('mit-kdc')

for (const type of ['FILE', 'DIR']) {
  test(`${type}: MIT's programs go on with a cache of theirs that we have kept`, { skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sspi-lab-cc-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const [theirs, ours] = [`FILE:${folder}/theirs`, `${type}:${folder}/ours`]
    mit('kinit', ['-c', theirs, 'bob'], {}, `${PASSWORD}\n`)
    const ccache = await (await openCcache(theirs)).load()
    assert.ok(ccache)
    await (await openCcache(ours)).save(ccache)
    assert.match(
      mit('klist', [], { KRB5CCNAME: ours }),
      /Default principal: bob@MIT\.TEST\n[^]*krbtgt\/MIT\.TEST@MIT\.TEST/,
    )
    assert.match(mit('kvno', ['HTTP/localhost'], { KRB5CCNAME: ours }), /HTTP\/localhost@MIT\.TEST: kvno = 1/)
  })
}

test("kinit logs on with the keys of a keytab of MIT's that we have written anew", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-lab-kt-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const keytab = join(folder, 'keytab')
  await saveKeytabFile(keytab, await loadKeytabFile(mitKdc().keytab))
  mit('kinit', ['-k', '-t', keytab, '-c', `FILE:${folder}/cc`, 'HTTP/localhost'])
  assert.match(mit('klist', ['-c', `FILE:${folder}/cc`]), /Default principal: HTTP\/localhost@MIT\.TEST/)
})

/** Runs a program of MIT's under its own configuration; throws when it fails. */
function mit(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): string {
  return execFileSync(program, args, {
    input,
    env: { ...process.env, KRB5_CONFIG: mitKdc().krb5Conf, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
}
