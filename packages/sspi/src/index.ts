// The front door: the whole interface, and the composition of every built-in package. It is no room of its own, so it
// opens both doors as they are.
export * from './sspi/index.js'
export * from './system/index.js'
