import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import {
  certificateCredential,
  credSspCredential,
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  passwordCredential,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SspiError,
  type CredentialValue,
  type InitiatorExchange,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import type { CredSspOptions, TsRequest } from 'sspi/credssp'
import {
  carry,
  connectRdp,
  establishOver,
  freeRdp,
  listenRdp,
  missing,
  ourSide,
  PASSWORD,
  relayRdp,
  runProgram,
  until,
  UTF8_PASSWORD,
  type Ended,
  type RdpServer,
  type SecuredWire,
} from '../src/index.js'

/** What our server makes of a client. */
interface Outcome {
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly code?: string
}

const anywhere = ['TERMSRV/*']
/** FreeRDP's certificate is its own, so nothing but NTLM vouches for it; and it takes no other than bare NTLM. */
const AT_FREERDP: CredSspOptions = {
  innerPackage: 'NTLM',
  delegation: { allowFreshCredentials: anywhere, allowFreshCredentialsWhenNtlmOnly: anywhere },
}

function initiate(identity: CredentialValue, credssp = AT_FREERDP): InitiatorExchange {
  return ourSide({ credssp }).initiate({
    package: 'CREDSSP',
    credentials: credSspCredential({ identity }),
    target: 'TERMSRV/127.0.0.1',
    flags: ISC_REQ_DELEGATE | ISC_REQ_MANUAL_CRED_VALIDATION,
  })
}

suite('our CredSSP client at FreeRDP', { skip: missing('freerdp') }, () => {
  const logOn = async (user: string, password: string, port = freeRdp().port, credssp = AT_FREERDP) => {
    using wire = await connectRdp({ host: freeRdp().host, port })
    return await establishOver(wire, initiate(passwordCredential({ user, password }), credssp))
  }

  for (const [user, password] of [
    ['alice', PASSWORD],
    ['utf8user', UTF8_PASSWORD],
  ] as const) {
    test(`${user} is let in, and has handed over the password`, async () => {
      const session = await logOn(user, password)
      assert.deepEqual(session.achieved, ['integrity', 'confidentiality', 'delegation'])
      session[Symbol.dispose]()
    })
  }

  test('a wrong password is refused: FreeRDP closes the channel, and does not say why', async () => {
    await assert.rejects(logOn('alice', 'wrong'), { code: 'SEC_E_CONTEXT_EXPIRED', message: /closed the TLS channel/ })
  })

  test('what it does not take, SPNEGO, it refuses by an NTSTATUS', async () => {
    const { delegation } = AT_FREERDP
    await assert.rejects(logOn('alice', PASSWORD, freeRdp().port, { delegation }), { message: /the server says 0x/ })
  })

  test('somebody in the middle with another certificate gets no password', async () => {
    await using middle = await relayRdp({ port: freeRdp().port, ...pem('self-signed') })
    // NTLM's channel bindings give it away to FreeRDP, which closes.
    await assert.rejects(logOn('alice', PASSWORD, middle.port), { code: 'SEC_E_CONTEXT_EXPIRED' })
  })
})

suite('FreeRDP at our CredSSP server', { skip: missing('freerdp') }, () => {
  const outcomes: Outcome[] = []
  /** @param goOn - What becomes of the connection of a client that was let in. */
  const serve = (credssp: CredSspOptions = {}, goOn?: (client: SecuredWire) => Promise<void>): Promise<RdpServer> => {
    outcomes.length = 0
    const accounts = memoryAccounts([
      { user: 'alice', password: PASSWORD },
      { user: 'utf8user', password: UTF8_PASSWORD },
      { user: 'bob', domain: 'CONTOSO', password: PASSWORD },
    ])
    const sspi = initSecurityInterface({ accounts, credssp })
    return listenRdp(async (wire) => {
      const credentials = certificateCredential({ identity: pem('server') })
      try {
        const session = await establishOver(wire, sspi.accept({ package: 'CREDSSP', credentials }))
        const { credential } = session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
        outcomes.push({ user: session.peer?.name, password: await credential?.reveal() })
        await goOn?.({ wire, session })
        session[Symbol.dispose]()
      } catch (error) {
        if (error instanceof SspiError) outcomes.push({ code: error.code })
        else outcomes.push({ code: String(error) })
      }
    })
  }
  /** What came of the one client: it may have ended before our server has dealt with its last message. */
  const outcome = async (): Promise<readonly Outcome[]> => {
    await until(
      () => outcomes.length > 0,
      () => 'an outcome',
    )
    return outcomes
  }
  /** xfreerdp ends with 0 when the desktop is there; it is content with any certificate. */
  const logOn = (port: number, user: string, password: string): Promise<Ended> => {
    const args = [`/v:127.0.0.1:${port}`, `/u:${user}`, `/p:${password}`, '+auth-only', '/cert:ignore']
    return runProgram(freeRdp().client, args, { env: process.env })
  }

  test('it is let in, and what it hands over opens the desktop behind our server', async () => {
    await using server = await serve({}, async (client) => {
      const { credential } = client.session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
      assert.ok(credential)
      using wire = await connectRdp(freeRdp())
      const desktop = { wire, session: await establishOver(wire, initiate(credential)) }
      await Promise.allSettled([carry(client, desktop), carry(desktop, client)])
      desktop.session[Symbol.dispose]()
    })
    const { code, stderr } = await logOn(server.port, 'alice', PASSWORD)
    assert.equal(code, 0, stderr)
    assert.deepEqual(await outcome(), [{ user: 'alice', password: PASSWORD }])
  })

  for (const [user, password] of [
    ['utf8user', UTF8_PASSWORD],
    ['CONTOSO\\bob', PASSWORD],
  ] as const) {
    test(`${user} is let in, and hands us the password`, async () => {
      await using server = await serve()
      await logOn(server.port, user, password)
      assert.deepEqual(await outcome(), [{ user: user.split('\\').at(-1), password }])
    })
  }

  test('a wrong password is refused, and xfreerdp is told so', async () => {
    await using server = await serve()
    const { code, stderr } = await logOn(server.port, 'alice', 'wrong')
    assert.notEqual(code, 0)
    assert.match(stderr, /STATUS_LOGON_FAILURE/)
    assert.deepEqual(await outcome(), [{ code: 'SEC_E_LOGON_DENIED' }])
  })

  test('somebody in the middle with another certificate is found out', async () => {
    await using server = await serve()
    await using middle = await relayRdp({ port: server.port, ...pem('self-signed') })
    const { code } = await logOn(middle.port, 'alice', PASSWORD)
    assert.notEqual(code, 0)
    // FreeRDP's NTLM has no channel bindings: what finds it out is the public key.
    assert.deepEqual(await outcome(), [{ code: 'SEC_E_MESSAGE_ALTERED' }])
  })

  for (const version of [2, 3, 4, 5]) {
    test(`as a client of version ${version} it is refused, unless that is allowed`, async () => {
      // Each takes the other for one that speaks no more: what ends the server's TLS says so.
      const change = (request: TsRequest) => ({ ...request, version })
      for (const [minimumVersion, expected] of [
        [undefined, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }],
        [version, { user: 'alice', password: PASSWORD }],
      ] as const) {
        await using server = await serve({ minimumVersion })
        await using terminator = await relayRdp({ port: server.port, ...pem('server'), change })
        await logOn(terminator.port, 'alice', PASSWORD)
        assert.deepEqual(await outcome(), [expected])
      }
    })
  }
})

/** A certificate of the lab's with its key. */
function pem(name: string): { readonly certificate: string; readonly privateKey: string } {
  const read = (ending: string): string => readFileSync(join(freeRdp().certificates, `${name}.${ending}`), 'utf8')
  return { certificate: read('crt'), privateKey: read('key') }
}
