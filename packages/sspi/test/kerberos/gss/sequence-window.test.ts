import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../property.js'
import { SequenceWindow, type SequencePolicy } from '../../../src/kerberos/gss/sequence-window.js'

const WINDOW = 64

/** What RFC 2743 section 1.2.3 asks for, by remembering every number that came. */
class EveryNumber {
  next: number
  readonly came = new Set<number>()

  constructor(start: number) {
    this.next = start
  }

  takes(sequence: number, policy: SequencePolicy): boolean {
    if (policy === 'any') return true
    const inOrder = sequence === this.next
    const isNew = sequence >= this.next || (sequence >= this.next - WINDOW && !this.came.has(sequence))
    if (policy === 'in-order' ? !inOrder : !isNew) return false
    this.came.add(sequence)
    this.next = Math.max(this.next, sequence + 1)
    return true
  }

  get seen(): bigint {
    let bits = 0n
    for (let i = 0; i < WINDOW; i++) if (this.came.has(this.next - 1 - i)) bits |= 1n << BigInt(i)
    return bits
  }
}

const start = 1000
const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -70, max: 70 }), fc.integer({ min: -3, max: 3 })), {
  maxLength: 200,
})

for (const policy of ['in-order', 'no-replay', 'any'] as const) {
  test(`${policy}: numbers are taken and refused as if every one were remembered`, () => {
    fc.assert(
      fc.property(steps, (numbers) => {
        const window = new SequenceWindow(policy, start)
        const model = new EveryNumber(start)
        for (const step of numbers) {
          const sequence = model.next + step
          if (model.takes(sequence, policy)) window.accept(sequence)
          else assert.throws(() => window.accept(sequence), { code: 'SEC_E_OUT_OF_SEQUENCE' })
          assert.equal(window.next, model.next)
          assert.deepEqual(window.position, { next: model.next, seen: model.seen })
        }
      }),
    )
  })
}
