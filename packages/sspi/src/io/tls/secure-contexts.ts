import { randomBytes } from '../../crypto/index.js'
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls'
import { SspiError } from '../../status/index.js'
import type { TlsSetup, TlsVersion } from '../../sspi/index.js'
import { openSslCiphers } from './cipher-suites.js'

/** OpenSSL's number, which its `node:crypto` has too: no session tickets in TLS 1.2. Without them there are no sessions, as none is kept here. */
const SSL_OP_NO_TICKET = 0x4000

const contexts = new WeakMap<TlsSetup, SecureContext>()

/** The secure context of a setup: made once, as it costs as much as a good part of a handshake. */
export function secureContextOf(setup: TlsSetup): SecureContext {
  const known = contexts.get(setup)
  if (known !== undefined) return known
  const made = makeSecureContext(setup)
  contexts.set(setup, made)
  return made
}

function makeSecureContext(setup: TlsSetup): SecureContext {
  const pems = setup.identities.filter((identity) => identity.kind === 'pem')
  const boxes = setup.identities.filter((identity) => identity.kind === 'pkcs12')
  try {
    return createSecureContext({
      minVersion: versionName(setup.minVersion),
      maxVersion: versionName(setup.maxVersion),
      ciphers: openSslCiphers(setup.cipherSuites),
      honorCipherOrder: setup.side === 'acceptor',
      ...(setup.groups === undefined ? {} : { ecdhCurve: setup.groups.join(':') }),
      ...(setup.roots === undefined ? {} : { ca: [...setup.roots] }),
      ...(setup.crls.length === 0 ? {} : { crl: [...setup.crls] }),
      ...(pems.length === 0
        ? {}
        : {
            cert: pems.map(({ certificates }) => certificates),
            key: pems.map(({ privateKey, passphrase }) =>
              passphrase === undefined ? { pem: privateKey } : { pem: privateKey, passphrase },
            ),
          }),
      ...(boxes.length === 0
        ? {}
        : {
            pfx: boxes.map(({ bytes, passphrase }) => ({
              buf: Buffer.from(bytes),
              ...(passphrase === undefined ? {} : { passphrase }),
            })),
          }),
      ...(setup.side === 'acceptor' && setup.resumable === false ? { secureOptions: SSL_OP_NO_TICKET } : {}),
      // A server that asks for client certificates takes sessions up again only under an id; tickets keep it in them.
      ...(setup.side === 'acceptor' ? { sessionIdContext: Buffer.from(randomBytes(16)).toString('hex') } : {}),
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `TLS: OpenSSL cannot work with this credential: ${why}`, { cause })
  }
}

function versionName(version: TlsVersion): SecureVersion {
  return version === 0x0304 ? 'TLSv1.3' : 'TLSv1.2'
}
