import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SecretBytes } from '../../../src/crypto/index.js'
import { observeSecrets } from '../../../src/crypto/secret-bytes.js'
import type { Effectful } from '../../../src/kerberos/effect-run.js'
import { changePassword } from '../../../src/kerberos/kdc-exchange/change-password.js'
import type { KdcClient } from '../../../src/kerberos/kdc-client.js'
import { obtainForwardedTgt, obtainServiceTicket } from '../../../src/kerberos/tickets.js'
import type { Answer, Ask } from '../../../src/sspi/index.js'
import { clientOf, drive, FakeKdc, passwordOf } from './fake-kdc.js'

const REALM = 'A.EXAMPLE'
const WEB = 'HTTP/www.a.example'

const kdcOf = (): FakeKdc => new FakeKdc(REALM).user('alice').service(WEB)
const alice = (): KdcClient => clientOf(passwordOf('alice', undefined, REALM), { forwardable: true })

/** The secrets that are made in the steps of a run, and not by the KDC that answers it. */
class Watched<T> {
  readonly made: SecretBytes[] = []
  readonly #run: Effectful<T>
  readonly #last: number

  /** @param last - After so many answers it is left where it stands. */
  constructor(run: Effectful<T>, last = Infinity) {
    this.#run = run
    this.#last = last
  }

  *run(): Effectful<T | undefined> {
    let answer: Answer | undefined
    for (let answers = 0; ; answers++) {
      if (answers > this.#last) {
        this.#run.return(undefined as never)
        return undefined
      }
      const stop = observeSecrets((secret) => this.made.push(secret))
      let step: IteratorResult<Ask, T>
      try {
        step = answer === undefined ? this.#run.next(...[]) : this.#run.next(answer)
      } finally {
        stop()
      }
      if (step.done === true) return step.value
      answer = yield step.value
    }
  }

  assertWiped(): void {
    assert.ok(this.made.length > 0)
    const left = this.made.filter((secret) => secret.some((byte) => byte !== 0))
    assert.equal(left.length, 0, `${left.length} of ${this.made.length} secrets are left`)
  }
}

suite('no secret is left', () => {
  test('after tickets were obtained, and they and the credential are disposed', () => {
    for (const obtain of [
      (client: KdcClient) => obtainServiceTicket({ ...client, targetName: WEB }),
      (client: KdcClient) => obtainForwardedTgt(client),
    ]) {
      const client = alice()
      const watched = new Watched(obtain(client))
      drive(watched.run(), kdcOf()).value!.sessionKey.dispose()
      client.credential.dispose()
      watched.assertWiped()
    }
  })

  test('after a password was changed', () => {
    const watched = new Watched(changePassword(alice(), 'new password'))
    drive(watched.run(), kdcOf())
    watched.assertWiped()
  })

  test('of an exchange that is given up, wherever it stands', () => {
    for (const last of [0, 1, 2, 3]) {
      const client = alice()
      const watched = new Watched(obtainServiceTicket({ ...client, targetName: WEB }), last)
      drive(watched.run(), kdcOf())
      client.credential.dispose()
      if (last > 1) watched.assertWiped()
    }
  })

  test('of an exchange whose replies are refused', () => {
    for (const at of [1, 2, 3]) {
      const client = alice()
      const kdc = kdcOf()
      let count = 0
      kdc.lies.part = (part) => (++count === at ? { ...part, nonce: 5 } : part)
      const watched = new Watched(obtainServiceTicket({ ...client, targetName: WEB }))
      if (at < 3) assert.throws(() => drive(watched.run(), kdc), { code: 'SEC_E_MESSAGE_ALTERED' })
      else drive(watched.run(), kdc).value!.sessionKey.dispose()
      client.credential.dispose()
      watched.assertWiped()
    }
  })
})
