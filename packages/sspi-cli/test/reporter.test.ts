import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReporter } from '../src/transfer/reporter.js'

test('what is told to people has no control characters of a peer in it', (t) => {
  const written: string[] = []
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text))
  createReporter(false).event('request-refused', {}, 'none for \u001b[2J\r\u009b1Aroot@EXAMPLE.COM\n  next line')
  t.mock.restoreAll()
  assert.match(written.join(''), /none for \?\[2J\?\?1Aroot@EXAMPLE\.COM\n {2}next line/)
})
