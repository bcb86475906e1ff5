import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { endPointBindings } from '../../../src/http/index.js'
import type { ChannelBindings } from '../../../src/sspi/index.js'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { filesOf } from '../../schannel/certificates.js'
import { readVectors } from '../../vectors.js'
import { logOn, type LogOnOptions } from './client.js'
import { Site, type SiteOptions } from './site.js'

const NTLM = { scheme: 'NTLM' } as const
const schemes = ['Negotiate', 'NTLM'] as const
const ways: readonly LogOnOptions[] = [{}, NTLM]

/** What a client that sends bindings comes to: the status, and whether the server calls it bound. */
async function outcome(site: Site, way: LogOnOptions, of: 'channel' | 'other' | 'none') {
  using wire = await site.connect()
  const bindings: Readonly<Record<typeof of, ChannelBindings | undefined>> = {
    channel: endPointBindings(wire.certificate),
    // As a machine in the middle that ends TLS has it: the client's channel is to another certificate.
    other: endPointBindings(filesOf('client').certificate ?? ''),
    none: undefined,
  }
  site.seen.length = 0
  const { status } = await logOn(site, wire, { ...way, channelBindings: bindings[of] })
  return status === 200 ? `bound: ${site.seen[0]?.channelBound ?? 'nobody'}` : (site.lastRefusal ?? status)
}

suite('extended protection over TLS', () => {
  const open = (options: SiteOptions) => Site.open({ tls: 'server', schemes, ...options })

  for (const way of ways) {
    const name = way.scheme ?? 'Kerberos'
    test(`${name}, supported: the channel’s bindings or none let in, those of another channel do not`, async () => {
      await using site = await open({})
      assert.equal(await outcome(site, way, 'channel'), 'bound: true')
      assert.equal(await outcome(site, way, 'none'), 'bound: false')
      assert.equal(await outcome(site, way, 'other'), 'SEC_E_BAD_BINDINGS')
    })

    test(`${name}, required: none do not let in either`, async () => {
      await using site = await open({ extendedProtection: 'required' })
      assert.equal(await outcome(site, way, 'channel'), 'bound: true')
      assert.equal(await outcome(site, way, 'none'), 'SEC_E_BAD_BINDINGS')
      assert.equal(await outcome(site, way, 'other'), 'SEC_E_BAD_BINDINGS')
    })

    test(`${name}, none: nothing is compared, and nobody is called bound`, async () => {
      await using site = await open({ extendedProtection: 'none' })
      assert.equal(await outcome(site, way, 'channel'), 'bound: false')
      assert.equal(await outcome(site, way, 'other'), 'bound: false')
    })
  }

  test('where TLS ends before this server, the bindings can be told it', async () => {
    const channelBindings = () => endPointBindings(filesOf('client').certificate ?? '')
    await using site = await open({ extendedProtection: 'required', channelBindings })
    assert.equal(await outcome(site, {}, 'other'), 'bound: true')
    assert.equal(await outcome(site, {}, 'channel'), 'SEC_E_BAD_BINDINGS')
  })
})

suite('extended protection without TLS', () => {
  const status = async (site: Site, way: LogOnOptions): Promise<number> => {
    using wire = await site.connect()
    return (await logOn(site, wire, way)).status
  }

  for (const way of ways) {
    test(`${way.scheme ?? 'Kerberos'}: the client must have meant one of the names, with the port or without`, async () => {
      await using site = await Site.open({
        schemes,
        extendedProtection: 'required',
        targetNames: ['HTTP/www.example.test'],
      })
      assert.equal(await status(site, way), 200)
      await using other = await Site.open({ schemes, targetNames: ['HTTP/other.example.test'] })
      assert.equal(await status(other, way), 401)
    })
  }

  test('NTLM: a name with this port counts, one with another does not, and none does where it is required', async () => {
    await using site = await Site.open({
      schemes,
      extendedProtection: 'required',
      targetNames: ['HTTP/www.example.test'],
    })
    assert.equal(await status(site, { ...NTLM, target: `HTTP/www.example.test:${site.port}` }), 200)
    assert.equal(await status(site, { ...NTLM, target: 'HTTP/www.example.test:1' }), 401)
    assert.equal(site.lastRefusal, 'SEC_E_TARGET_UNKNOWN')
    assert.equal(await status(site, { ...NTLM, target: '' }), 401)
  })

  test('required without names leaves nothing to compare: nobody is let in', async () => {
    await using site = await Site.open({ schemes, extendedProtection: 'required' })
    assert.equal(await status(site, {}), 403)
    assert.equal(site.lastRefusal, 'SEC_E_BAD_BINDINGS')
  })
})

test('the bindings of a certificate are those of RFC 5929, in DER as in PEM', () => {
  const { cases } = readVectors<{ readonly certificate: string }, { readonly applicationData: string }>(
    'channel-bindings/tls-server-end-point.json',
  )
  for (const { name, input, expected } of cases) {
    const der = fromHex(input.certificate)
    const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`
    for (const form of [der, pem]) {
      assert.equal(toHex(endPointBindings(form)?.applicationData ?? new Uint8Array()), expected.applicationData, name)
    }
  }
})
