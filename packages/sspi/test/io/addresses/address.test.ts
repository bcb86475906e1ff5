import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf, plainAddress } from '../../../src/io/addresses/index.js'

test('addresses come without zone, and IPv4 within IPv6 as IPv4', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1')
  assert.equal(plainAddress(undefined), '')
})

test('a network of IPv6 counts as one address', () => {
  assert.equal(networkOf('2001:db8:1:2::1'), networkOf('2001:0db8:1:2:ffff::9'))
  assert.notEqual(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:3::1'))
  assert.notEqual(networkOf('192.0.2.1'), networkOf('192.0.2.2'))
})
