// The example tests of the page on test domains are tests themselves: they run as they are.
import { after, test } from 'node:test'
import '../src/test-a-client.js'
import '../src/test-a-server.js'
import { noShell, Shell } from './shell-blocks.js'

if (noShell) {
  test('a program of its own', { skip: noShell }, () => undefined)
} else {
  const shell = new Shell({})
  after(() => shell[Symbol.dispose]())
  process.env['PATH'] = shell.path // `sspi` is the command of the working tree
  await import('../src/test-a-program.js')
}
