import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { facts, wrongFacts } from '../conformance/facts.mjs'
import { pages } from '../conformance/page.mjs'
import { standing, wrongSections } from '../conformance/sections.mjs'
import { testsIn, wrongWith } from '../conformance/tests.mjs'

suite('the pages on conformance', () => {
  test('every test that a section names is there, and every section without one has a word why', () => {
    assert.deepEqual(wrongSections(), [])
  })

  test('every fact of Windows is tested by its number or listed with a reason, and none twice', () => {
    assert.deepEqual(wrongFacts(), [])
  })

  test('are what npm run conformance makes', async () => {
    for (const { path, file, text } of await pages()) assert.equal(readFileSync(file, 'utf8'), text, path)
  })
})

suite('the checks of these pages', () => {
  const section = { section: '1', role: 'client', asks: 'something' }
  const wrongOf = (changes) => wrongSections([{ name: 'X', sections: [{ ...section, ...changes }] }])

  test('refuse a section with neither a test nor a word', () => {
    assert.match(wrongOf({})[0], /X 1: neither a test nor a word/)
    assert.deepEqual(wrongOf({ gap: 'not here' }), [])
    assert.match(wrongOf({ gap: 'not here', role: 'nobody' })[0], /no role/)
  })

  test('refuse a test that is not there, in another suite, or in another file', () => {
    const file = 'ntlm/responses.test.ts'
    assert.equal(wrongWith(file, 'MS-NLMP 4.2 › 4.2.4 NTLMv2'), undefined)
    assert.equal(wrongWith(file, 'NTOWFv2 › *'), undefined)
    for (const [where, title] of [
      [file, '4.2.4 NTLMv2'],
      [file, 'NTOWFv2 › 4.2.4 NTLMv2 of another kind'],
      [file, 'MS-NLMP 4.2 › *'],
      ['ntlm/session.test.ts', 'MS-NLMP 4.2 › 4.2.4 NTLMv2'],
      ['ntlm/nothing.test.ts', 'MS-NLMP 4.2 › 4.2.4 NTLMv2'],
    ]) {
      assert.ok(wrongWith(where, title), `${where}: ${title}`)
    }
    assert.match(wrongOf({ tests: [`${file}: nothing`] })[0], /has no test 'nothing'/)
  })

  test('refuse a fact that is neither tested nor listed, tested twice, tested and listed, or none', () => {
    const known = (untested, tests) =>
      facts([{ name: 'fact 1', input: { section: 'A' }, expected: 'is so' }], untested, tests)
    const wrong = (untested, tests) => wrongFacts(known(untested, tests), untested, tests)
    const tested = { fact: 1, file: 'x.test.ts', title: 'fact 1: is so' }
    const listed = { fact: 1, kind: 'no meaning', why: 'a word' }
    assert.deepEqual(wrong([], [tested]), [])
    assert.deepEqual(wrong([listed], []), [])
    assert.match(wrong([], [])[0], /neither tested nor listed/)
    assert.match(wrong([], [tested, tested])[0], /2 times/)
    assert.match(wrong([listed], [tested])[0], /2 times/)
    assert.match(wrong([], [tested, { ...tested, fact: 3 }])[0], /fact 3: there is no such fact/)
    assert.match(wrong([{ ...listed, why: '' }], [])[0], /no word why/)
    assert.match(wrong([{ ...listed, kind: 'lazy' }], [])[0], /lazy is no reason/)
    assert.match(wrong([{ ...listed, kind: 'otherwise' }], [])[0], /no test of how it is answered here/)
  })

  test('find titles by suite, those of tables as one', () => {
    const source = `
suite('outer', () => {
  suite('inner', () => {
    test('one', () => {})
  })
  for (const name of names) test(name, () => {})
  test(
    'two',
    () => {},
  )
})
test(\`\${x} three\`, () => {})
`
    assert.deepEqual(testsIn(source), ['outer › inner › one', 'outer › *', 'outer › two', '${x} three'])
  })

  test('tell what is held from what is held with a word, and from what is not here', () => {
    assert.deepEqual([{ tests: ['a'] }, { tests: ['a'], gap: 'b' }, { gap: 'b' }].map(standing), [
      'held',
      'partly',
      'gap',
    ])
  })
})
