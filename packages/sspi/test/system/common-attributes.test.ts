import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, suite, test } from 'node:test'
import {
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_TARGET_INFORMATION,
  SECPKG_NEGOTIATION_COMPLETE,
  type ContextAttribute,
  type ContextAttributes,
} from '../../src/sspi/index.js'
import { filesOf } from '../schannel/certificates.js'
import { domainOfAll, HOST, meet, PACKAGES, TARGET, type PackageName, type Side, type Sides } from './all-packages.js'

// What a context of any package says of itself, held against who was there and what was said, and not against another attribute.

const domain = domainOfAll()
after(() => domain[Symbol.asyncDispose]())
const exchanges = new Map<PackageName, Promise<Sides>>(PACKAGES.map((name) => [name, meet(name, domain)]))

function ask<A extends ContextAttribute>({ sspi, context }: Side, attribute: A): ContextAttributes[A] {
  return sspi.queryContextAttributes(context, attribute)
}

function refuses(side: Side, attribute: ContextAttribute): void {
  assert.throws(() => ask(side, attribute), { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, `attribute ${attribute}`)
}

/** What is known of an exchange of alice with the server, before it is asked. */
interface Known {
  /** Who the client is, as it writes it itself and as the server knows it; nobody in Schannel without an account. */
  readonly names: readonly [client: string, server: string] | undefined
  /** In the protocol's own way. */
  readonly native: { readonly clientNames: readonly [string, string]; readonly serverName: string } | undefined
  /** The package that does the work. */
  readonly mechanism: string
  /** How the client has addressed the server. */
  readonly target: string
}

const UPN = 'alice@EXAMPLE.TEST'
const OF_THE_DATABASE = 'EXAMPLE\\alice'
const byTicket: Omit<Known, 'mechanism' | 'target'> = {
  names: ['EXAMPLE.TEST\\alice', 'EXAMPLE.TEST\\alice'],
  native: { clientNames: [UPN, UPN], serverName: `${TARGET}@EXAMPLE.TEST` },
}
const byPassword: Omit<Known, 'mechanism' | 'target'> = {
  names: [UPN, OF_THE_DATABASE],
  native: { clientNames: [UPN, OF_THE_DATABASE], serverName: TARGET },
}
const KNOWN: Readonly<Record<PackageName, Known>> = {
  NTLM: { ...byPassword, mechanism: 'NTLM', target: TARGET },
  Kerberos: { ...byTicket, mechanism: 'Kerberos', target: TARGET },
  Negotiate: { ...byTicket, mechanism: 'Kerberos', target: TARGET },
  WDigest: { ...byPassword, mechanism: 'WDigest', target: TARGET },
  Schannel: { names: undefined, native: undefined, mechanism: 'Schannel', target: HOST },
  CREDSSP: { ...byTicket, mechanism: 'CREDSSP', target: HOST },
}

for (const name of PACKAGES) {
  const { names, native, mechanism, target } = KNOWN[name]
  suite(`attributes of every context: ${name}`, () => {
    test('SECPKG_ATTR_NAMES is the client’s name, on both sides', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const [index, side] of [client, server].entries()) {
        if (names === undefined) refuses(side, SECPKG_ATTR_NAMES)
        else assert.deepEqual(ask(side, SECPKG_ATTR_NAMES), { userName: names[index] })
      }
    })

    test('SECPKG_ATTR_NATIVE_NAMES are both names as the protocol writes them', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const [index, side] of [client, server].entries()) {
        if (native === undefined) refuses(side, SECPKG_ATTR_NATIVE_NAMES)
        else {
          const { clientNames, serverName } = native
          assert.deepEqual(ask(side, SECPKG_ATTR_NATIVE_NAMES), { clientName: clientNames[index], serverName })
        }
      }
    })

    test('SECPKG_ATTR_CLIENT_SPECIFIED_TARGET is the server’s name as the client wrote it, on both sides', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) {
        assert.deepEqual(ask(side, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), { targetName: target })
      }
    })

    test('SECPKG_ATTR_LIFESPAN begins with the context or its ticket, and ends when the last call said', async () => {
      const { client, server } = await exchanges.get(name)!
      const now = domain.clock.now()
      for (const side of [client, server]) {
        const { start, expiry } = ask(side, SECPKG_ATTR_LIFESPAN)
        assert.ok(start <= now && now.getTime() - start.getTime() < 3_600_000, start.toISOString())
        assert.deepEqual(expiry, side.last.expiry)
        assert.ok(expiry > now)
      }
    })

    test('SECPKG_ATTR_FLAGS are those of the last call', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) {
        assert.deepEqual(ask(side, SECPKG_ATTR_FLAGS), { flags: side.last.contextAttr })
      }
    })

    test('SECPKG_ATTR_PACKAGE_INFO is the package that does the work', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) {
        assert.deepEqual(ask(side, SECPKG_ATTR_PACKAGE_INFO), side.sspi.querySecurityPackageInfo(mechanism))
      }
    })

    test('SECPKG_ATTR_NEGOTIATION_INFO is complete, with the package that was chosen', async () => {
      const { client, server } = await exchanges.get(name)!
      // In CredSSP it is Negotiate that has chosen.
      const chosen = name === 'CREDSSP' ? 'Kerberos' : mechanism
      for (const side of [client, server]) {
        if (name === 'Schannel') refuses(side, SECPKG_ATTR_NEGOTIATION_INFO)
        else {
          assert.deepEqual(ask(side, SECPKG_ATTR_NEGOTIATION_INFO), {
            packageInfo: side.sspi.querySecurityPackageInfo(chosen),
            negotiationState: SECPKG_NEGOTIATION_COMPLETE,
          })
        }
      }
    })

    test('SECPKG_ATTR_ACCESS_TOKEN is the client’s, and the server’s alone to ask for', async () => {
      const { client, server } = await exchanges.get(name)!
      refuses(client, SECPKG_ATTR_ACCESS_TOKEN)
      // Its client was asked for no certificate.
      if (names === undefined) return refuses(server, SECPKG_ATTR_ACCESS_TOKEN)
      const token = ask(server, SECPKG_ATTR_ACCESS_TOKEN)
      assert.deepEqual([token.qualifiedName, token.packageName], [names[1], mechanism])
      assert.equal(token.user.source, 'verified')
      assert.deepEqual(token.expiry, server.last.expiry)
    })

    test('SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS: the client’s last token has been', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) {
        if (target === HOST) refuses(side, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS)
        else assert.deepEqual(ask(side, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS), { lastClientTokenStatus: 'yes' })
      }
    })
  })
}

test('SECPKG_ATTR_TARGET_INFORMATION is what the server’s CHALLENGE has, on both sides', async () => {
  const { client, server, tokens } = await exchanges.get('NTLM')!
  const { targetInformation } = ask(client, SECPKG_ATTR_TARGET_INFORMATION)
  assert.deepEqual(ask(server, SECPKG_ATTR_TARGET_INFORMATION).targetInformation, targetInformation)
  // MS-NLMP 2.2.1.2: TargetInfoFields, its length and its offset.
  const challenge = Buffer.from(tokens[1]!)
  const offset = challenge.readUInt32LE(44)
  assert.deepEqual(new Uint8Array(challenge.subarray(offset, offset + challenge.readUInt16LE(40))), targetInformation)
})

test('SECPKG_ATTR_LOCAL_CERT_CONTEXT and SECPKG_ATTR_REMOTE_CERT_CONTEXT are one certificate, seen from its two sides', async () => {
  const certificate = new Uint8Array(new X509Certificate(filesOf('server').certificate!).raw)
  for (const name of ['Schannel', 'CREDSSP'] as const) {
    const { client, server } = await exchanges.get(name)!
    assert.deepEqual(ask(server, SECPKG_ATTR_LOCAL_CERT_CONTEXT), { certificate })
    assert.deepEqual(ask(client, SECPKG_ATTR_REMOTE_CERT_CONTEXT), { certificate })
    refuses(server, SECPKG_ATTR_REMOTE_CERT_CONTEXT)
  }
})
