/** docs/attributes.md: every attribute and every flag of sspi.h, and what each package does about it. */
import { readFileSync } from 'node:fs'
import { cells, escaped, Notes, testCell } from './markdown.mjs'
import { attributeNames, ofCredentials, PACKAGES, requests } from './run.mjs'
import { testsOf } from './tests.mjs'

const read = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))
export const known = read('attributes.json')
export const flags = read('flags.json').flags

/** One row for each attribute of contexts, and one for each of credentials. */
export function attributeRows(results) {
  const names = (pairs) => pairs.map(([name]) => name)
  return {
    contexts: names(attributeNames('SECPKG_ATTR_')).map((name) =>
      attributeRow(name, results.contexts, known.contexts[name]),
    ),
    credentials: names([...attributeNames('SECPKG_CRED_ATTR_'), ...ofCredentials()]).map((name) =>
      attributeRow(name, results.credentials, known.credentials[name]),
    ),
  }
}

function attributeRow(name, results, { from, why } = {}) {
  const packages = PACKAGES.map((of) => {
    const found = results[of][name]
    return { of, found, why: found === undefined ? (why?.[of] ?? why?.['*']) : undefined }
  })
  const fields = [...new Set(packages.flatMap(({ found }) => found?.fields ?? []))]
  return { name, from, fields, packages, tests: testsOf(name) }
}

/** One row for each flag of a side. */
export function flagRows(results, side) {
  return requests(side).map(({ name, result, what }) => ({
    name,
    result,
    packages: PACKAGES.map((of) => {
      const outcome = results.flags[name][of]
      const good = outcome === 'returned' || outcome === 'always'
      return { of, outcome, why: good ? undefined : (flags[name]?.[of] ?? flags[name]?.['*']) }
    }),
    tests: testsOf(name, `ISC_RET_${what}`, `ASC_RET_${what}`),
  }))
}

/** What is wrong: an answer without an origin, none without a reason, anything without a test, a reason for nothing. */
export function wrongAttributes({ contexts, credentials }) {
  return [...contexts, ...credentials].flatMap(({ name, from, packages, tests }) => {
    const wrong = packages
      .filter(({ found, why }) => found === undefined && !why)
      .map(({ of }) => `${name}: ${of} does not answer it, and no reason is given`)
    const answered = packages.some(({ found }) => found !== undefined)
    if (answered && from === undefined) wrong.push(`${name}: where its answer comes from is not said`)
    if (answered && !tests.some(({ title }) => title !== undefined)) wrong.push(`${name}: no test has it in its title`)
    return wrong
  })
}

/** Likewise. */
export function wrongFlags(rows) {
  return rows.flatMap(({ name, packages, tests }) => {
    const wrong = packages
      .filter(({ outcome, why }) => outcome !== 'returned' && outcome !== 'always' && !why)
      .map(({ of, outcome }) => `${name}: ${of} makes '${outcome}' of it, and no reason is given`)
    const honoured = packages.some(({ outcome }) => outcome === 'returned')
    if (honoured && !tests.some(({ title }) => title !== undefined)) wrong.push(`${name}: no test has it in its title`)
    return wrong
  })
}

/** The page. */
export function attributesPage({ contexts, credentials }, initiator, acceptor) {
  const notes = new Notes()
  return `# Attributes and flags

What every package answers to each attribute of sspi.h, and does about each flag. Made by \`npm run tables\` from the code, from a run of every package, and from
\`scripts/tables\`; \`npm test\` fails when this page is not what comes of it. Nothing in the columns of packages is typed in: each was asked.

Not listed: \`SECPKG_ATTR_DATAGRAM_SIZES\`, which has the number of \`SECPKG_ATTR_STREAM_SIZES\`; \`SECPKG_ATTR_THUNK_ALL\`, of the kernel; and \`ISC_REQ_MESSAGES\` and
\`ASC_REQ_MESSAGES\` with their results, which are beyond the 32 bits of the argument and for QUIC, whose TLS messages without records are not made here.

## Attributes of contexts

\`queryContextAttributes\`: **C** the client's context answers, **S** the server's, **set** it can be set; a number leads to the reason why a package answers
\`SEC_E_UNSUPPORTED_FUNCTION\`.

${attributeTable(contexts, notes)}

## Attributes of credentials

\`queryCredentialsAttributes\`, likewise: **C** a credential to initiate, **S** one to accept.

${attributeTable(credentials, notes)}

## Flags of the initiator

What comes back when both sides ask for this and nothing else: **yes**, the bit of the result; **always**, whether it is asked for or not; a status, when it is refused.

${flagTable(initiator, notes)}

## Flags of the acceptor

${flagTable(acceptor, notes)}

## Why not

${notes.list()}
`
}

function attributeTable(rows, notes) {
  const lines = rows.map(({ name, from, fields, packages, tests }) => {
    const answered = packages.some(({ found }) => found !== undefined)
    return [
      `\`${name}\``,
      fields.length === 0 ? '—' : fields.map((field) => `\`${field}\``).join(' '),
      answered ? escaped(from) : '—',
      ...packages.map(({ found, why }) => (found === undefined ? notes.of(why) : sidesOf(found))),
      answered ? testCell(tests) : '—',
    ]
  })
  return cells(['Attribute', 'Answer', 'From', ...PACKAGES, 'Tests'], lines)
}

function sidesOf({ sides, settable, fields }) {
  const queried = fields.length === 0 ? [] : sides.map((side) => (side === 'client' ? 'C' : 'S'))
  return [...queried, ...(settable ? ['set'] : [])].join(' ')
}

function flagTable(rows, notes) {
  const words = { returned: 'yes', always: 'always', nothing: '' }
  const lines = rows.map(({ name, result, packages, tests }) => [
    `\`${name}\``,
    result === undefined ? '—' : `\`${result}\``,
    ...packages.map(({ outcome, why }) => {
      const word = words[outcome] ?? `\`${outcome}\``
      return [word, ...(why ? [notes.of(why)] : [])].filter((each) => each !== '').join(' ')
    }),
    testCell(tests) || '—',
  ])
  return cells(['Flag', 'Result', ...PACKAGES, 'Tests'], lines)
}
