import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressText } from '../../src/kdc/address-text.js'

test('an address of IPv4 is dotted, one of IPv6 is written as RFC 5952 asks', () => {
  assert.equal(addressText(Uint8Array.of(127, 0, 0, 1)), '127.0.0.1')
  const loopback = new Uint8Array(16)
  loopback[15] = 1
  assert.equal(addressText(loopback), '::1')
  const documentation = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1, 0, 0xab)
  assert.equal(addressText(documentation), '2001:db8::1:ab')
})
