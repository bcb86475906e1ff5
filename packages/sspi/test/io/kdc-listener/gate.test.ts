import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../../src/bytes/index.js'
import { hostAddressOf } from '../../../src/io/kdc-listener/client-address.js'
import { RateLimiter } from '../../../src/io/kdc-listener/rate-limiter.js'

test('addresses have the form of tickets', () => {
  const hex = (address: string): unknown => {
    const found = hostAddressOf(address)
    return found && [found.addrType, toHex(found.address)]
  }
  assert.deepEqual(hex('192.0.2.254'), [2, 'c00002fe'])
  assert.deepEqual(hex('2001:db8::abcd:1'), [24, '20010db80000000000000000abcd0001'])
  assert.deepEqual(hex('::'), [24, '00'.repeat(16)])
  assert.deepEqual(hex('::1'), [24, `${'00'.repeat(15)}01`])
  assert.deepEqual(hex('1:2:3:4:5:6:7:8'), [24, '00010002000300040005000600070008'])
  assert.deepEqual(hex('64:ff9b::192.0.2.1'), [24, '0064ff9b0000000000000000c0000201'])
  assert.equal(hex(''), undefined)
  assert.equal(hex('localhost'), undefined)
})

test('an address may ask as often as the rate says, and again when time has passed', () => {
  let now = 0
  const limiter = new RateLimiter({ perSecond: 10, maxAddresses: 100 }, () => now)
  const burst = (address: string): number =>
    Array.from({ length: 30 }, () => limiter.allow(address)).filter(Boolean).length
  assert.equal(burst('192.0.2.1'), 10)
  assert.equal(burst('192.0.2.2'), 10)
  now += 500
  assert.equal(burst('192.0.2.1'), 5)
  now += 3_600_000
  assert.equal(burst('192.0.2.1'), 10, 'no more is saved than a second brings')
})

test('of very many addresses the one that has asked least recently is forgotten', () => {
  const limiter = new RateLimiter({ perSecond: 1, maxAddresses: 2 }, () => 0)
  assert.equal(limiter.allow('192.0.2.1'), true)
  assert.equal(limiter.allow('192.0.2.2'), true)
  assert.equal(limiter.allow('192.0.2.1'), false)
  assert.equal(limiter.allow('192.0.2.3'), true)
  assert.equal(limiter.allow('192.0.2.1'), false, 'still known')
  assert.equal(limiter.allow('192.0.2.2'), true, 'forgotten')
})
