/**
 * The rooms of `packages/sspi/src`: who may import whom, and what each may touch.
 *
 * A room imports from the rooms of smaller rows only, never sideways or downwards. This table is the one place that
 * says so: the import rules, the lint and the check of the entry points are made from it.
 */

/**
 * @typedef {object} Room
 * @property {string} name the folder in `packages/sspi/src`
 * @property {number} row  imports come from smaller rows only
 * @property {'none' | 'crypto' | 'all'} node which of Node's modules it may import; `all` is all but `node:crypto`
 * @property {boolean} [buffer] whether `Buffer` may be named
 */

/** @type {readonly Room[]} */
export const rooms = [
  { row: 1, name: 'status', node: 'none' },
  { row: 2, name: 'bytes', node: 'none' },
  { row: 3, name: 'crypto', node: 'crypto', buffer: true },
  { row: 4, name: 'sspi', node: 'none' },
  { row: 5, name: 'ntlm', node: 'none' },
  { row: 5, name: 'kerberos', node: 'none' },
  { row: 5, name: 'digest', node: 'none' },
  { row: 5, name: 'negotiate', node: 'none' },
  { row: 5, name: 'schannel', node: 'none' },
  { row: 5, name: 'credssp', node: 'none' },
  { row: 6, name: 'kdc', node: 'none' },
  { row: 7, name: 'io', node: 'all', buffer: true },
  { row: 8, name: 'system', node: 'all', buffer: true },
  { row: 9, name: 'sasl', node: 'none' },
  { row: 9, name: 'decode', node: 'none' },
  { row: 10, name: 'net', node: 'all', buffer: true },
  { row: 11, name: 'http', node: 'all', buffer: true },
  { row: 12, name: 'adapters', node: 'all' },
  { row: 12, name: 'testing', node: 'all' },
]

/** The row of the security packages: importing one loads no other. */
export const packageRow = 5

/** Rows up to this one are cores: synchronous state machines over bytes, without clock, entropy, timers or `await`. */
export const lastCoreRow = 6
