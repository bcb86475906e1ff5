/** The pages that are made of the sections of the specifications and of the facts. */
import { page, withoutFilledIn } from '../pages.mjs'
import { facts, KINDS } from './facts.mjs'
import { readReference, specifications, standing } from './sections.mjs'

const ROLES = { client: 'Client', server: 'Server', both: 'Both', kdc: 'KDC' }

/** docs/conformance.md */
export function conformancePage(list = specifications()) {
  return `# Conformance

Which sections of the specifications bind an implementation, and which tests hold this one to each. Made by \`npm run conformance\` from
\`scripts/conformance\`; \`npm test\` fails where a test that is named here does not exist, or this page is not what it makes.

What a section asks is said in our words; its number leads to its own. **Client** is who initiates, **server** who accepts. Tests are those of
\`packages/sspi/test\`, and of \`lab/test\` (with \`lab/\` before them), which meet other implementations. A title is as it is written in the
file: \`…\` stands for what differs from case to case, \`*\` for a title that comes from a table or a vector.

${summary(list)}

${missing(list)}

${list.map(specification).join('\n\n')}
`
}

function summary(list) {
  const count = (sections, which) => sections.filter((each) => standing(each) === which).length
  const row = (name, sections) => [
    name,
    sections.length,
    count(sections, 'held'),
    count(sections, 'partly'),
    count(sections, 'gap'),
  ]
  const rows = list.map(({ name, title, sections }) => row(`[${name}](#${anchor(name, title)})`, sections))
  const all = row(
    'All',
    list.flatMap(({ sections }) => sections),
  )
  const lines = [
    ['Specification', 'Asked', 'Held', 'With a word', 'Not here'],
    ['-', '-:', '-:', '-:', '-:'],
    ...rows,
    all,
  ]
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

_With a word_: held by tests, with something missing or otherwise. _Not here_: no test, as there is nothing to test.`
}

/** What no test holds, of all specifications, in one place. */
function missing(list) {
  const lines = list.flatMap(({ name, sections }) =>
    sections
      .filter((each) => standing(each) === 'gap')
      .map(({ section, asks, gap }) => `- **${name} ${section}** ${escaped(asks)} ${escaped(gap)}`),
  )
  return `## What is not here\n\n${lines.join('\n')}`
}

/** As GitHub makes it of a heading. */
function anchor(name, title) {
  return `${name}: ${title}`
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-')
}

function specification({ name, title, url, sections }) {
  return `## ${name}: ${title}

<${url}>

${sections.map(entry).join('\n')}`
}

function entry({ section, role, asks, tests = [], gap }) {
  const lines = [`- **${section}** ${ROLES[role]}. ${escaped(asks)}`]
  for (const [file, titles] of byFile(tests)) lines.push(`  - \`${file}\`: ${titles.map(quoted).join('; ')}`)
  if (gap !== undefined) lines.push(`  - ${tests.length === 0 ? '**Not here.**' : '**But:**'} ${escaped(gap)}`)
  return lines.join('\n')
}

function byFile(tests) {
  const files = new Map()
  for (const reference of tests) {
    const { file, title } = readReference(reference)
    files.set(file, [...(files.get(file) ?? []), title])
  }
  return files
}

/** A title with what is filled in taken out. */
function quoted(title) {
  return `“${escaped(withoutFilledIn(title))}”`
}

/** Text in which nothing means anything to Markdown. */
function escaped(plain) {
  return plain.replace(/[\\*_`<>[\]]/g, '\\$&')
}

/** docs/windows-behaviour.md */
export function windowsPage(known = facts()) {
  const sections = [...new Set(known.map(({ section }) => section))]
  const tested = known.filter(({ tests }) => tests.length > 0).length
  return `# How Windows answers, and how this does

${known.length} facts about sspi.h on Windows, restated from conformance tests that are kept passing there
([vectors/facts/windows-behaviour.json](../vectors/facts/windows-behaviour.json) has their origin, and what the abbreviations mean). Their numbers have
gaps and are stable. ${tested} have a test of their number, which asserts that this answers alike; of the others it is said why not. Made by \`npm run conformance\`,
checked by \`npm test\`.

${sections.map((section) => windowsSection(section, known)).join('\n\n')}
`
}

function windowsSection(section, known) {
  const own = known.filter((fact) => fact.section === section)
  return `## ${section}\n\n${own.map(windowsFact).join('\n')}`
}

function windowsFact({ number, says, tests, untested }) {
  const held = tests.map(({ file }) => `\`${file}\``)
  const not = untested.map(({ kind, why, test }) => {
    const here = test === undefined ? '' : ` (\`${test.file}\`: ${quoted(test.title)})`
    return `_${KINDS[kind]}_: ${escaped(why)}${here}`
  })
  return `- **${number}** ${escaped(says)}\n  - ${[...held, ...not].join('; ')}`
}

/** Every page. */
export function pages() {
  return Promise.all([page('docs/conformance.md', conformancePage()), page('docs/windows-behaviour.md', windowsPage())])
}
