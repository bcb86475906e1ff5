import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { CHECKS, type Finding } from '../../src/doctor/finding.js'
import { CATALOGUE } from './catalogue.js'
import { Patient } from './patient.js'

const told = (findings: readonly Finding[]): string =>
  findings.map(({ check, verdict, id, what }) => `${verdict} ${check} ${id}: ${what}`).join('\n')

suite('the doctor', () => {
  for (const [how, choose] of [
    ['the tickets of a cache', () => undefined],
    ['a password', (patient: Patient) => patient.withPassword()],
    [
      'a keytab',
      (patient: Patient) => {
        patient.keytabs.set('/etc/alice.keytab', () => patient.domain.keytab('alice'))
        patient.logon = { kind: 'keytab', name: '/etc/alice.keytab', principal: 'alice' }
      },
    ],
  ] as const) {
    test(`finds nothing wrong with a set-up that works, by ${how}, and has looked at everything`, async () => {
      await using patient = new Patient()
      choose(patient)
      const findings = await patient.examine()
      assert.deepEqual([...new Set(findings.map(({ verdict }) => verdict))], ['ok'], told(findings))
      assert.deepEqual([...new Set(findings.map(({ check }) => check))], CHECKS)
    })
  }

  test('knows at least thirty ways in which a set-up is broken', () => {
    assert.ok(CATALOGUE.length >= 30)
    assert.equal(new Set(CATALOGUE.map(({ name }) => name)).size, CATALOGUE.length)
  })

  for (const broken of CATALOGUE) {
    test(`${broken.name}: says what is so, and what to do`, async () => {
      await using patient = new Patient(broken.domain)
      await broken.break(patient)
      const findings = await patient.examine()
      const found = findings.find(({ id }) => id === broken.finds)
      assert.ok(found, `${broken.finds} is not among:\n${told(findings)}`)
      assert.match(found.advice ?? '', broken.advises)
      assert.equal(
        findings.every(({ verdict }) => verdict !== 'failed'),
        broken.works === true,
        told(findings),
      )
    })
  }

  test('finds the cause first: what follows from it is skipped, or comes behind', async () => {
    for (const broken of CATALOGUE.filter(({ works }) => works !== true)) {
      await using patient = new Patient(broken.domain)
      await broken.break(patient)
      const findings = await patient.examine()
      const first = findings.find(({ verdict }) => verdict === 'failed')
      const cause = findings.findIndex(({ id }) => id === broken.finds)
      assert.ok(first !== undefined && cause <= findings.indexOf(first), `${broken.name}:\n${told(findings)}`)
    }
  })

  test('says no secret: neither a password nor a key', async () => {
    await using patient = new Patient({ users: [{ name: 'alice', password: 'correct horse' }] })
    patient.withPassword()
    assert.ok(!JSON.stringify(await patient.examine()).includes('correct horse'))
    patient.withPassword('alice', 'battery staple')
    assert.ok(!JSON.stringify(await patient.examine()).includes('battery'))
  })
})

test('the page "When it fails" lists the whole catalogue, with the names of the findings', () => {
  const page = readFileSync(new URL('../../../../../docs/when-it-fails.md', import.meta.url), 'utf8')
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const { name, finds, advises } of CATALOGUE) {
    const row = rows.find(([, what]) => what === name)
    assert.ok(row, `no row of: ${name}`)
    assert.equal(row[2], `\`${finds}\``)
    assert.match(row[3] ?? '', advises)
  }
})
