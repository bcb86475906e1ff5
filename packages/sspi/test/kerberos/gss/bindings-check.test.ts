import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AuthorizationDataType } from '../../../src/kerberos/constants.js'
import type { OpenedRequest, Refuse } from '../../../src/kerberos/gss/ap-request-check.js'
import { checkBindings } from '../../../src/kerberos/gss/bindings-check.js'
import {
  encodeDer,
  writeAuthorizationData,
  type AuthorizationDataElement,
} from '../../../src/kerberos/messages/index.js'
import { hashChannelBindings, SspiError, type ChannelBindings, type Policy } from '../../../src/sspi/index.js'

const OURS: ChannelBindings = { applicationData: new TextEncoder().encode('tls-server-end-point:ours') }
const OTHERS: ChannelBindings = { applicationData: new TextEncoder().encode('tls-server-end-point:others') }

const refuse: Refuse = (code, _errorCode, message) => new SspiError(code, message)

/** A request with bindings in its checksum, and what else its authenticator says. */
function requestWith(
  bindings: ChannelBindings | undefined,
  authorizationData: readonly AuthorizationDataElement[] = [],
): OpenedRequest {
  const hash = bindings === undefined ? new Uint8Array(16) : hashChannelBindings(bindings)
  // What else there is in a request has no say in bindings.
  return { checksum: { bindings: hash, flags: 0 }, authenticator: { authorizationData } } as unknown as OpenedRequest
}

function check(
  request: OpenedRequest,
  { own = OURS, policy = 'supported', mayBeMissing = false }: Partial<Options> = {},
): boolean {
  const whole: Policy = { channelBindings: policy, targetNames: undefined, targetNameRequired: false }
  return checkBindings(request, own, whole, mayBeMissing, refuse)
}

interface Options {
  readonly own: ChannelBindings
  readonly policy: Policy['channelBindings']
  readonly mayBeMissing: boolean
}

/** KERB_AP_OPTIONS_CBT, MS-KILE 3.2.5.8: four bytes, little-endian, within AD-IF-RELEVANT. */
function awareBy(options: Uint8Array): readonly AuthorizationDataElement[] {
  const inner = [{ adType: AuthorizationDataType.AD_AUTH_DATA_AP_OPTIONS, adData: options }]
  return [{ adType: AuthorizationDataType.AD_IF_RELEVANT, adData: encodeDer(inner, writeAuthorizationData) }]
}

const BAD = { code: 'SEC_E_BAD_BINDINGS' }

suite('channel bindings of a request', () => {
  test('that are the same are told, those of another channel refused', () => {
    assert.equal(check(requestWith(OURS)), true)
    assert.throws(() => check(requestWith(OTHERS)), BAD)
    assert.equal(check(requestWith(OTHERS), { policy: 'none' }), true)
  })

  test('that are missing pass, unless the policy requires them', () => {
    assert.equal(check(requestWith(undefined)), false)
    assert.throws(() => check(requestWith(undefined), { policy: 'required' }), BAD)
    assert.equal(check(requestWith(undefined), { policy: 'required', mayBeMissing: true }), false)
  })

  test('that are missing, of a client that says that it would send some, are refused (MS-KILE 3.4.5)', () => {
    const aware = awareBy(Uint8Array.of(0, 0x40, 0, 0))
    for (const mayBeMissing of [false, true]) {
      assert.throws(() => check(requestWith(undefined, aware), { mayBeMissing }), { ...BAD, message: /seen none/ })
    }
    assert.equal(check(requestWith(OURS, aware)), true)
    assert.equal(check(requestWith(undefined, aware), { policy: 'none' }), false)
    for (const other of [Uint8Array.of(0, 0x80, 0, 0), Uint8Array.of(0, 0x40)]) {
      assert.equal(check(requestWith(undefined, awareBy(other))), false)
    }
  })
})
