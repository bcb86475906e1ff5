import { passwordCredential } from 'sspi/core'
import { negotiatePackage } from 'sspi/negotiate'
import type * as Compliance from '../../packages/sspi/test/compliance/suite.js'
import { sharedKeyPackage } from '../src/third-party-package.js'

// The suite is no part of what is published: it is taken from where the workspace builds it.
const built = new URL('../../../packages/sspi/dist/test/compliance/suite.js', import.meta.url)
const { describePackage, testTable } = (await import(built.href)) as typeof Compliance

const key = '8f'.repeat(32)
const sharedKey = {
  name: 'SharedKey',
  tables: (options?: Compliance.TestTableOptions) => ({ client: registered(options), server: registered(options) }),
  clientCredential: passwordCredential({ user: 'till-7', password: key }),
  serverCredential: passwordCredential({ user: 'till-7', password: key }),
  secret: key,
  wrongCredential: passwordCredential({ user: 'till-7', password: '8e'.repeat(32) }),
  target: 'till/shop.example.com',
  clientName: 'till-7',
  supports: { export: true, mutual: true, wholeExchangeProtected: true, channelBindings: true },
}

describePackage(sharedKey)

// Negotiate chooses it like a mechanism of its own. What SPNEGO wraps around the tokens is not all protected.
describePackage({
  ...sharedKey,
  name: 'Negotiate',
  mechanism: 'SharedKey',
  supports: { ...sharedKey.supports, wholeExchangeProtected: false },
})

/** An interface that learns of the package at run time, like any other third party's. */
function registered(options?: Compliance.TestTableOptions): ReturnType<typeof testTable> {
  const sspi = testTable([negotiatePackage()], options)
  sspi.addSecurityPackage(sharedKeyPackage)
  return sspi
}
