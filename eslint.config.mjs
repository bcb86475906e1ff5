import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { lastCoreRow, rooms } from './scripts/rooms.mjs'

const filesOf = (list) => list.map((room) => `packages/sspi/src/${room.name}/**/*.ts`)

/** Syntax that no file of ours uses. */
const everywhere = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'ExportSpecifier[exported.name="default"]', message: 'Named exports only.' },
  { selector: 'TSEnumDeclaration', message: 'Write an `as const` object and derive the type.' },
]

/** In the library one class of errors leaves; TypeError says that the caller's program is wrong. */
const library = [
  ...everywhere,
  {
    selector:
      'ThrowStatement > :matches(NewExpression, CallExpression)[callee.name=/^(Error|RangeError|SyntaxError)$/]',
    message: 'Throw an SspiError (or a TypeError where the caller passed the wrong type).',
  },
  { selector: 'ExportAllDeclaration[exported=null]', message: 'A door lists what it opens.' },
]

/** A core asks no clock and draws no entropy: both come in through `World`. */
const core = [
  ...library,
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'The time comes in through World.' },
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'The time comes in through World.',
  },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'Entropy comes in through World.',
  },
]

/** A protocol core awaits nothing. The interface (row 4) describes asynchronous calls, so its types are let be. */
const synchronous = [
  ...core,
  { selector: 'AwaitExpression, ForOfStatement[await=true], :function[async=true]', message: 'A core is synchronous.' },
]

const noBuffer = { name: 'Buffer', message: 'Uint8Array in and out: Buffer stays where Node hands it to us.' }
const noOutside = [
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'fetch',
  'crypto',
].map((name) => ({ name, message: 'A core touches nothing outside: ask by an effect, or through World.' }))

export default defineConfig(
  // The kernel is AssemblyScript, which its own compiler checks.
  globalIgnores(['**/dist/', 'coverage/', 'docs/', 'vectors/', '**/node_modules/', 'packages/sspi/kernel/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
      },
    },
  },
  {
    // The tools that read these files ask for a default export.
    files: ['*.mjs', '.*.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions'] }],
      // test(), suite() and their kin answer with promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite', 'before', 'after'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // An index that the loop around it bounds may carry a `!`; review looks at the others.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A method that fulfils an asynchronous interface from memory has nothing to await.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['packages/sspi/src/**/*.ts'],
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', ...library] },
  },
  {
    // Protocol that comes as a package of its own is a core like those of the library.
    files: ['packages/sspi-spake/src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...synchronous],
      'no-restricted-globals': ['error', noBuffer, ...noOutside],
      '@typescript-eslint/no-restricted-types': ['error', { types: { Buffer: noBuffer.message } }],
    },
  },
  {
    files: filesOf(rooms.filter((room) => room.row <= lastCoreRow)),
    rules: { 'no-restricted-syntax': ['error', ...synchronous] },
  },
  {
    files: filesOf(rooms.filter((room) => room.name === 'sspi')),
    rules: { 'no-restricted-syntax': ['error', ...core] },
  },
  {
    // What may touch what is said once, in scripts/rooms.mjs.
    files: ['packages/sspi/src/**/*.ts'],
    ignores: filesOf(rooms.filter((room) => room.buffer)),
    rules: {
      'no-restricted-globals': ['error', noBuffer],
      '@typescript-eslint/no-restricted-types': ['error', { types: { Buffer: noBuffer.message } }],
    },
  },
  {
    files: filesOf(rooms.filter((room) => room.row <= lastCoreRow)),
    rules: { 'no-restricted-globals': ['error', noBuffer, ...noOutside] },
  },
  {
    files: filesOf(rooms.filter((room) => room.row <= lastCoreRow && room.buffer)),
    rules: { 'no-restricted-globals': ['error', ...noOutside] },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  {
    // A run is repeatable: the one door to fast-check fixes its seed.
    files: ['**/*.ts', '**/*.mjs'],
    ignores: ['packages/sspi/test/property.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { name: 'fast-check', message: 'Import fc from packages/sspi/test/property.ts, which fixes the seed.' },
      ],
    },
  },
  {
    // A type test declares what it never uses.
    files: ['**/test/types/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-vars': 'off' },
  },
)
