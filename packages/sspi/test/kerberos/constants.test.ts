import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  ApOption,
  AuthorizationDataType,
  describeKerberosError,
  KdcOption,
  KERBEROS_ERRORS,
  KerberosErrorCode,
  MessageType,
  NameType,
  PaDataType,
  TicketFlag,
  TypedDataType,
} from '../../src/kerberos/constants.js'

type Numbers = Readonly<Record<string, number>>

interface Registry {
  readonly errorCodes: readonly { readonly code: number; readonly name: string }[]
  readonly paTypes: Numbers
  readonly nameTypes: Numbers
  readonly messageTypes: Numbers
  readonly adTypes: Numbers
  readonly flags: Numbers
  readonly mit: { readonly nameTypes: Numbers; readonly authdataTypes: Numbers; readonly paTypes: Numbers }
  readonly microsoftPaTypes: Numbers
}

const registry = JSON.parse(
  readFileSync(new URL('../../../../../vectors/constants/kerberos.json', import.meta.url), 'utf8'),
) as Registry

const numbersOf = (table: Numbers): readonly number[] => Object.values(table)

test('every error code of the protocol has its name and a meaning', () => {
  const codes: Numbers = KerberosErrorCode
  for (const { code, name } of registry.errorCodes) {
    // 128 marks the end of MIT's table: it is nothing that a peer sends.
    if (name === 'KRB5_ERR_RCSID') continue
    assert.equal(codes[name], code)
    assert.equal(KERBEROS_ERRORS.get(code)?.name, name)
    assert.notEqual(KERBEROS_ERRORS.get(code)?.meaning, '')
  }
  assert.equal(KERBEROS_ERRORS.size, numbersOf(KerberosErrorCode).length)
})

test('an error is described by name, number and meaning; an unknown one by its number', () => {
  assert.equal(describeKerberosError(24), 'KDC_ERR_PREAUTH_FAILED (24): the pre-authentication was wrong')
  assert.equal(describeKerberosError(9999), 'error 9999')
})

test('PA-DATA types have the numbers of the registries', () => {
  const ours: Numbers = { ...PaDataType, ...TypedDataType }
  for (const [name, number] of Object.entries(registry.paTypes)) assert.equal(ours[name], number, name)
  const known = new Set(numbersOf(PaDataType))
  for (const number of [...numbersOf(registry.microsoftPaTypes), 151, 152]) assert.ok(known.has(number), String(number))
})

test('name, message and authorization data types have the numbers of the registries', () => {
  const names = new Set(numbersOf(NameType))
  for (const table of [registry.nameTypes, registry.mit.nameTypes]) {
    for (const [name, number] of Object.entries(table)) assert.ok(names.has(number), name)
  }
  assert.deepEqual(
    numbersOf(MessageType).toSorted((a, b) => a - b),
    numbersOf(registry.messageTypes).toSorted((a, b) => a - b),
  )
  const data = new Set(numbersOf(AuthorizationDataType))
  for (const table of [registry.adTypes, registry.mit.authdataTypes]) {
    for (const [name, number] of Object.entries(table)) assert.ok(data.has(number), name)
  }
})

test('flags are the bits of the registry, counted from the top', () => {
  const bit = (number: number): number => (0x8000_0000 >>> number) >>> 0
  const { flags } = registry
  assert.equal(TicketFlag.FORWARDABLE, bit(flags['Forwardable']!))
  assert.equal(TicketFlag.MAY_POSTDATE, bit(flags['MayPostDate']!))
  assert.equal(TicketFlag.INVALID, bit(flags['Invalid']!))
  assert.equal(TicketFlag.INITIAL, bit(flags['Initial']!))
  assert.equal(TicketFlag.PRE_AUTHENT, bit(flags['PreAuthent']!))
  assert.equal(TicketFlag.HW_AUTHENT, bit(flags['HWAuthent']!))
  assert.equal(TicketFlag.TRANSITED_POLICY_CHECKED, bit(flags['TransitedPolicyChecked']!))
  assert.equal(TicketFlag.OK_AS_DELEGATE, bit(flags['OKAsDelegate']!))
  assert.equal(TicketFlag.ENC_PA_REP, bit(flags['EncPARep']!))
  assert.equal(KdcOption.RENEWABLE, bit(flags['Renewable']!))
  assert.equal(KdcOption.OPT_HARDWARE_AUTH, bit(flags['OptHardwareAuth']!))
  assert.equal(KdcOption.CANONICALIZE, bit(flags['Canonicalize']!))
  // The registry's source has 12 for anonymous requests, from a draft; RFC 8062 section 3 says 16.
  assert.equal(KdcOption.REQUEST_ANONYMOUS, bit(16))
  assert.equal(KdcOption.DISABLE_TRANSITED_CHECK, bit(flags['DisableTransitedCheck']!))
  assert.equal(KdcOption.RENEWABLE_OK, bit(flags['RenewableOK']!))
  assert.equal(KdcOption.ENC_TKT_IN_SKEY, bit(flags['EncTktInSkey']!))
  assert.equal(KdcOption.RENEW, bit(flags['Renew']!))
  assert.equal(KdcOption.VALIDATE, bit(flags['Validate']!))
  assert.equal(ApOption.USE_SESSION_KEY, bit(flags['APOptionUseSessionKey']!))
  assert.equal(ApOption.MUTUAL_REQUIRED, bit(flags['APOptionMutualRequired']!))
})
