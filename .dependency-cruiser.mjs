import { rooms } from './scripts/rooms.mjs'

const src = '^packages/sspi/src/'
const anyOf = (names) => `(${names.join('|')})`
const namesOf = (list) => list.map((room) => room.name)

/** A room imports from smaller rows only. */
const rowRules = rooms.flatMap((room) => {
  const closed = rooms.filter((other) => other.row >= room.row && other !== room)
  if (closed.length === 0) return []
  return [
    {
      name: `row-${room.name}`,
      comment: `${room.name} is in row ${room.row} and imports from smaller rows only, never sideways or downwards`,
      severity: 'error',
      from: { path: `${src}${room.name}/` },
      to: { path: `${src}${anyOf(namesOf(closed))}/` },
    },
  ]
})

const rules = [
  ...rowRules,
  {
    name: 'door',
    comment: 'a room is entered by a door, an index.ts; inside a room imports are free',
    severity: 'error',
    from: { path: `${src}([^/]+)/` },
    to: { path: `${src}[^/]+/`, pathNot: [`${src}$1/`, '/index\\.ts$'] },
  },
  {
    name: 'front-door',
    comment: 'the main entry point, src/index.ts, opens doors and nothing else',
    severity: 'error',
    from: { path: `${src}index\\.ts$` },
    to: { pathNot: `${src}.+/index\\.ts$` },
  },
  {
    name: 'front-door-from-inside',
    comment: 'no room comes in by the main entry point, which stands below them all',
    severity: 'error',
    from: { path: src },
    to: { path: `${src}index\\.ts$` },
  },
  {
    name: 'known-room',
    comment: 'a file of the library belongs to a room of the table in scripts/rooms.mjs',
    severity: 'error',
    from: {},
    to: { path: src, pathNot: [`${src}${anyOf(namesOf(rooms))}/`, `${src}index\\.ts$`] },
  },
  {
    name: 'known-room-from',
    comment: 'a file of the library belongs to a room of the table in scripts/rooms.mjs',
    severity: 'error',
    from: { path: src, pathNot: [`${src}${anyOf(namesOf(rooms))}/`, `${src}index\\.ts$`] },
    to: {},
  },
  {
    name: 'crypto-only',
    comment: 'node:crypto is used in the room crypto only: the others come to its door',
    severity: 'error',
    from: { path: src, pathNot: `${src}${anyOf(namesOf(rooms.filter((room) => room.node === 'crypto')))}/` },
    to: { dependencyTypes: ['core'], path: '^(node:)?crypto(/|$)' },
  },
  {
    name: 'no-node',
    comment: 'this room imports nothing of Node: the outside comes in as an effect or as a value',
    severity: 'error',
    from: { path: `${src}${anyOf(namesOf(rooms.filter((room) => room.node === 'none')))}/` },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto(/|$)' },
  },
  {
    name: 'no-node-but-crypto',
    comment: 'the room crypto imports node:crypto and nothing else of Node',
    severity: 'error',
    from: { path: `${src}${anyOf(namesOf(rooms.filter((room) => room.node === 'crypto')))}/` },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto(/|$)' },
  },
  {
    name: 'no-runtime-dependency',
    comment: 'packages/sspi depends on no package at run time',
    severity: 'error',
    from: { path: src },
    to: { pathNot: src, dependencyTypesNot: ['core'], couldNotResolve: false },
  },
  {
    name: 'no-cycle',
    comment: 'imports form no cycle',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'entry-points-only',
    comment: 'other workspaces reach the library through its entry points, as its users do',
    severity: 'error',
    from: { path: '^(packages/(?!sspi/)[^/]+|examples|lab)/' },
    // The compliance suite is no part of what is published, and the sample package's tests are held to it.
    to: { path: '^packages/sspi/', pathNot: '^packages/sspi/test/compliance/suite', dependencyTypes: ['local'] },
  },
  {
    name: 'declared',
    comment: 'what is published imports only what its package.json lists in dependencies',
    severity: 'error',
    from: { path: '^packages/(?!sspi/)[^/]+/src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'resolvable',
    comment: 'every import resolves (build first: the other workspaces see the built library)',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
]

export default {
  forbidden: rules,
  options: {
    // What is reached is looked at, but not walked into.
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
