import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  credSspCredential,
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  passwordCredential,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SECPKG_ATTR_SESSION_INFO,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
} from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_3_CLIENT } from '../../src/schannel/index.js'
import { credentialOf, trusting } from '../schannel/certificates.js'
import { ALICE, ALLOWED, TARGET } from './pair.js'

for (const [version, enabledProtocols] of [
  ['TLS 1.2', SP_PROT_TLS1_2_CLIENT],
  ['TLS 1.3', SP_PROT_TLS1_3_CLIENT],
] as const) {
  test(`over ${version} every exchange has a handshake of its own: no session goes on (MS-CSSP 3.1.5)`, async () => {
    const here = initSecurityInterface({ credssp: ALLOWED })
    const there = initSecurityInterface({ accounts: memoryAccounts([ALICE]) })
    const { credential: ours } = await here.acquireCredentialsHandle({
      package: 'CREDSSP',
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData: credSspCredential({ identity: passwordCredential(ALICE), tls: trusting({ enabledProtocols }) }),
    })
    const { credential: theirs } = await there.acquireCredentialsHandle({
      package: 'CREDSSP',
      credentialUse: SECPKG_CRED_INBOUND,
      authData: credSspCredential({ tls: credentialOf('server') }),
    })
    for (let time = 0; time < 3; time++) {
      using client = here.initiate({ package: 'CREDSSP', credentials: ours, target: TARGET, flags: ISC_REQ_DELEGATE })
      using server = there.accept({ package: 'CREDSSP', credentials: theirs })
      let { token } = await client.step()
      for (let toServer = true; token !== undefined; toServer = !toServer) {
        token = (await (toServer ? server : client).step(token)).token
      }
      for (const { session } of [client, server]) {
        assert.equal(session.attribute(SECPKG_ATTR_SESSION_INFO).flags, 0, `the ${time + 1}. time`)
      }
      assert.ok(server.session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).credential)
    }
  })
}
