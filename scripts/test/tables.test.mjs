import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { known, flags, wrongAttributes, wrongFlags } from '../tables/attributes.mjs'
import { callable, list, nameHere, rows, wrongRows } from '../tables/functions.mjs'
import { makePages } from '../tables/pages.mjs'
import { attributeNames, ofCredentials, requests } from '../tables/run.mjs'
import { testsOf } from '../tables/tests.mjs'

suite('the tables of functions, attributes and flags', () => {
  test('have no empty cell without a reason, and are what npm run tables makes', { timeout: 300_000 }, async () => {
    const { pages, wrong } = await makePages()
    assert.deepEqual(wrong, [])
    for (const { path, file, text } of pages) {
      assert.equal(readFileSync(file, 'utf8'), text, `${path}: run npm run tables`)
    }
  })

  test('explain nothing that there is not', () => {
    const names = (pairs) => pairs.map(([name]) => name)
    const contexts = new Set(names(attributeNames('SECPKG_ATTR_')))
    const credentials = new Set(names([...attributeNames('SECPKG_CRED_ATTR_'), ...ofCredentials()]))
    const requested = new Set([...requests('ISC'), ...requests('ASC')].map(({ name }) => name))
    const functions = new Set(list.groups.flatMap((group) => group.functions.map(({ name }) => name)))
    for (const [of, there] of [
      [known.contexts, contexts],
      [known.credentials, credentials],
      [flags, requested],
      [{ ...list.packages, note: undefined }, new Set([...functions, 'note'])],
    ]) {
      assert.deepEqual(
        Object.keys(of).filter((name) => !there.has(name)),
        [],
      )
    }
  })

  test('list every attribute and flag of the headers that is exported', () => {
    const { groups } = JSON.parse(readFileSync(new URL('../../vectors/constants/sspi.json', import.meta.url), 'utf8'))
    const leftOut = ['SECPKG_ATTR_THUNK_ALL', 'SECPKG_ATTR_DATAGRAM_SIZES', 'SECPKG_CRED_ATTR_TICKET_LOGON']
    const listed = [...attributeNames('SECPKG_'), ...requests('ISC'), ...requests('ASC')].map(
      (each) => each.name ?? each[0],
    )
    for (const group of ['SECPKG_ATTR', 'SECPKG_CRED_ATTR', 'ISC_REQ', 'ASC_REQ']) {
      for (const { name } of groups[group]) {
        const exempt = leftOut.includes(name) || name.includes('INFO_FLAG') || name.endsWith('_MESSAGES')
        assert.ok(exempt || listed.includes(name), name)
      }
    }
  })
})

suite('the checks of these tables', () => {
  const packages = [{ of: 'NTLM', has: true }]

  test('refuse a function that is neither there nor explained, one without a test, a package without a reason', () => {
    const row = { name: 'X', entry: 'sspi', packages, tests: [{ path: 'x', title: 'X' }] }
    assert.deepEqual(wrongRows([row]), [])
    assert.deepEqual(wrongRows([{ ...row, entry: undefined, why: 'a word' }]), [])
    assert.match(wrongRows([{ ...row, entry: undefined }])[0], /neither there nor explained/)
    assert.match(wrongRows([{ ...row, tests: [] }])[0], /no test/)
    assert.match(wrongRows([{ ...row, tests: [{ path: 'only uses it' }] }])[0], /in its title/)
    assert.match(wrongRows([{ ...row, packages: [{ of: 'NTLM', has: false }] }])[0], /no reason/)
    assert.match(wrongRows([{ ...row, packages: [{ of: 'NTLM' }] }]).at(-1), /not tried/)
  })

  test('refuse an attribute that is not answered for no reason, or answered from nowhere, or by no test', () => {
    const row = { name: 'X', from: 'it', packages: [{ of: 'NTLM', found: {} }], tests: [{ path: 'x', title: 'X' }] }
    const wrong = (changes) => wrongAttributes({ contexts: [{ ...row, ...changes }], credentials: [] })
    assert.deepEqual(wrong({}), [])
    assert.match(wrong({ packages: [{ of: 'NTLM' }] })[0], /does not answer it, and no reason/)
    assert.match(wrong({ from: undefined })[0], /where its answer comes from/)
    assert.match(wrong({ tests: [] })[0], /no test/)
    assert.match(wrong({ tests: [{ path: 'only uses it' }] })[0], /in its title/)
  })

  test('refuse a flag that comes to nothing for no reason, or that is honoured by no test', () => {
    const row = { name: 'X', packages: [{ of: 'NTLM', outcome: 'returned' }], tests: [{ path: 'x', title: 'X' }] }
    assert.deepEqual(wrongFlags([row]), [])
    assert.deepEqual(wrongFlags([{ ...row, packages: [{ of: 'NTLM', outcome: 'nothing', why: 'a word' }] }]), [])
    assert.match(wrongFlags([{ ...row, packages: [{ of: 'NTLM', outcome: 'nothing' }] }])[0], /'nothing' of it/)
    assert.match(wrongFlags([{ ...row, tests: [] }])[0], /no test/)
    assert.match(wrongFlags([{ ...row, tests: [{ path: 'only uses it' }] }])[0], /in its title/)
  })

  test('find functions by the entry point that has them, and tests by their titles before their text', async () => {
    const found = await callable()
    assert.equal(found.get(nameHere('MakeSignature')), 'sspi')
    assert.equal(found.get('makeNothing'), undefined)
    assert.ok(rows(new Map(), {}).every(({ entry }) => entry === undefined))
    assert.ok(testsOf('SECPKG_ATTR_NEGO_KEYS')[0].title.includes('Kerberos'))
    assert.deepEqual(testsOf('no such name anywhere'), [])
  })
})
