// The front door: the whole interface, and the composition of every built-in package. It is no room of its own, so it
// opens both doors as they are instead of listing three hundred names a second time.
/* eslint-disable no-restricted-syntax */
export * from './sspi/index.js'
export * from './system/index.js'
