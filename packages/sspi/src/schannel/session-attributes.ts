import { concatBytes, encodeAscii } from '../bytes/index.js'
import { endPointHash, readCertificate, wipe, type Certificate, type SecretBytes } from '../crypto/index.js'
import {
  qualifiedName,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_CONNECTION_INFO_EX,
  SECPKG_ATTR_EAP_KEY_BLOCK,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SECPKG_ATTR_EXPORTER_BINDINGS,
  SECPKG_ATTR_ISSUER_LIST_EX,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_KEYING_MATERIAL,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SECPKG_ATTR_LOCAL_CERT_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS,
  SECPKG_ATTR_PROTO_INFO,
  SECPKG_ATTR_REMOTE_CERT_CHAIN,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_REMOTE_CERTIFICATES,
  SECPKG_ATTR_ROOT_STORE,
  SECPKG_ATTR_SESSION_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_ATTR_SUPPORTED_SIGNATURES,
  SECPKG_ATTR_UNIQUE_BINDINGS,
  SspiError,
  writeSecChannelBindings,
  type AttributeTable,
  type Bindings,
  type CertChain,
  type CertContext,
  type EapKeyBlock,
  type KeyingMaterialInfo,
  type KeyInfo,
  type Side,
} from '../sspi/index.js'
import { CALG_ECDH_EPHEM, CALG_ECDSA, CALG_RSA_SIGN, cipherNumber, cipherStrength } from './algorithm-numbers.js'
import type { CipherSuite } from './cipher-suites.js'
import {
  MAX_PLAINTEXT,
  MAX_TOKEN,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3_CLIENT,
  SP_PROT_TLS1_3_SERVER,
  SSL_SESSION_RECONNECT,
  TLS_1_3,
} from './constants.js'
import { exportKey12, exportKey13, prf } from './key-schedule.js'
import { readPem } from './pem.js'
import type { ConnectionFacts, SessionParts } from './session-parts.js'

/** What an established session answers. */
export function sessionAttributes(parts: SessionParts, wanted: KeyingMaterialInfo | undefined): AttributeTable {
  const { facts, sent } = parts
  const { suite } = facts
  const blockSize = suite.cipher === 'chacha20-poly1305' ? 1 : 16
  const certificates = chainOf(facts)
  return {
    [SECPKG_ATTR_SIZES]: () => ({
      maxToken: MAX_TOKEN,
      maxSignature: 0,
      blockSize,
      securityTrailer: sent.header + sent.trailer,
    }),
    [SECPKG_ATTR_STREAM_SIZES]: () => ({
      header: sent.header,
      trailer: sent.trailer,
      maximumMessage: MAX_PLAINTEXT,
      buffers: 4,
      blockSize,
    }),
    [SECPKG_ATTR_NAMES]: () =>
      facts.side === 'acceptor' && facts.peer !== undefined ? { userName: qualifiedName(facts.peer) } : undefined,
    [SECPKG_ATTR_LIFESPAN]: () => ({ start: facts.start, expiry: facts.expiry }),
    [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () =>
      facts.serverName === '' ? undefined : { targetName: facts.serverName },
    [SECPKG_ATTR_KEY_INFO]: () => keyInfo(suite, serverCertificate(facts)),
    [SECPKG_ATTR_CONNECTION_INFO]: () => ({
      protocol: protocolBit(facts.side, suite),
      cipher: cipherNumber(suite),
      cipherStrength: cipherStrength(suite),
      hash: 0,
      hashStrength: 0,
      exchange: CALG_ECDH_EPHEM,
      exchangeStrength: 0,
    }),
    [SECPKG_ATTR_CIPHER_INFO]: () => ({
      protocol: suite.version,
      cipherSuite: suite.number,
      baseCipherSuite: suite.number,
      cipherSuiteName: suite.name,
      cipher: cipherName(suite),
      cipherLength: cipherStrength(suite),
      cipherBlockLength: blockSize,
      hash: '',
      hashLength: 0,
      exchange: 'ECDHE',
      certificate: suite.certificate,
    }),
    [SECPKG_ATTR_REMOTE_CERT_CONTEXT]: () => certContext(facts.peerChain[0]),
    [SECPKG_ATTR_LOCAL_CERT_CONTEXT]: () => certContext(facts.localCertificate),
    [SECPKG_ATTR_REMOTE_CERT_CHAIN]: certificates,
    [SECPKG_ATTR_REMOTE_CERTIFICATES]: certificates,
    [SECPKG_ATTR_ENDPOINT_BINDINGS]: () => endPointBindings(facts),
    [SECPKG_ATTR_UNIQUE_BINDINGS]: () =>
      facts.firstFinished === undefined ? undefined : bindings('tls-unique', facts.firstFinished),
    [SECPKG_ATTR_EXPORTER_BINDINGS]: () => exporterBindings(parts),
    [SECPKG_ATTR_APPLICATION_PROTOCOL]: () => {
      const { applicationProtocol: protocolId } = facts
      if (protocolId === undefined) return { protoNegoStatus: 0, protoNegoExt: 0, protocolId: '' }
      return { protoNegoStatus: 1, protoNegoExt: 2, protocolId }
    },
    [SECPKG_ATTR_KEYING_MATERIAL]: () => {
      if (wanted === undefined) return undefined
      const { label, contextValue, keyingMaterialLength } = wanted
      return { keyingMaterial: exportKey(parts, label, contextValue, keyingMaterialLength) }
    },
    [SECPKG_ATTR_SESSION_INFO]: () => ({
      flags: facts.resumed ? SSL_SESSION_RECONNECT : 0,
      sessionId: facts.sessionId.slice(),
    }),
    [SECPKG_ATTR_AUTHORITY]: () => {
      const issuer = certificateIn(facts.peerChain[0])?.issuerName
      return issuer === undefined ? undefined : { authorityName: issuer }
    },
    [SECPKG_ATTR_PROTO_INFO]: () => ({
      protocolName: 'TLS',
      majorVersion: 1,
      minorVersion: suite.version === TLS_1_3 ? 3 : 2,
    }),
    [SECPKG_ATTR_LOCAL_CERT_INFO]: () => {
      const own = certificateIn(facts.localCertificate)
      return own === undefined ? undefined : { subject: own.subjectName, issuer: own.issuerName, keySize: own.keyBits }
    },
    [SECPKG_ATTR_CONNECTION_INFO_EX]: () => ({
      protocol: suite.version === TLS_1_3 ? 'TLS 1.3' : 'TLS 1.2',
      cipher: cipherName(suite),
      cipherStrength: cipherStrength(suite),
      hash: suite.hash === 'sha256' ? 'SHA256' : 'SHA384',
      hashStrength: 0,
      exchange: 'ECDHE',
    }),
    [SECPKG_ATTR_ROOT_STORE]: () =>
      facts.roots === undefined
        ? undefined
        : { certificates: facts.roots.map((pem) => readPem(pem, 'CERTIFICATE')[0]!) },
    [SECPKG_ATTR_EAP_KEY_BLOCK]: () => eapKeyBlock(parts),
    [SECPKG_ATTR_SUPPORTED_SIGNATURES]: () =>
      facts.signatures === undefined ? undefined : { signatureAndHashAlgorithms: facts.signatures },
    [SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS]: () => ({ extensions: facts.extensions }),
    [SECPKG_ATTR_ISSUER_LIST_EX]: () =>
      facts.issuers === undefined ? undefined : { issuers: facts.issuers.map((name) => name.slice()) },
  }
}

function chainOf({ peerChain }: ConnectionFacts): () => CertChain | undefined {
  return () => (peerChain.length === 0 ? undefined : { certificates: peerChain.map((each) => each.slice()) })
}

function certContext(certificate: Uint8Array | undefined): CertContext | undefined {
  return certificate === undefined ? undefined : { certificate: certificate.slice() }
}

/** The server's certificate, from either side: this is what a channel's end point is (RFC 5929 section 4). */
function serverCertificate({ side, peerChain, localCertificate }: ConnectionFacts): Certificate | undefined {
  return certificateIn(side === 'initiator' ? peerChain[0] : localCertificate)
}

function certificateIn(der: Uint8Array | undefined): Certificate | undefined {
  if (der === undefined) return undefined
  try {
    return readCertificate(der)
  } catch (error) {
    // Only one that nobody checked (manual validation) does not parse.
    if (error instanceof SspiError) return undefined
    throw error
  }
}

function endPointBindings(facts: ConnectionFacts): Bindings | undefined {
  const certificate = serverCertificate(facts)
  const hash = certificate === undefined ? undefined : endPointHash(certificate)
  return hash === undefined ? undefined : bindings('tls-server-end-point', hash)
}

/** RFC 9266 section 2; not defined where the keys are not bound to the handshake (section 4.2). */
function exporterBindings(parts: SessionParts): Bindings | undefined {
  if (!parts.facts.boundKeys) return undefined
  const key = exportKey(parts, 'EXPORTER-Channel-Binding', new Uint8Array(0), 32)
  const made = bindings('tls-exporter', key)
  wipe(key)
  return made
}

function bindings(prefix: string, data: Uint8Array): Bindings {
  const applicationData = concatBytes(encodeAscii(`${prefix}:`), data)
  return { bindings: writeSecChannelBindings({ applicationData }) }
}

/** The type of EAP-TLS, which the exporter of TLS 1.3 takes for its context. */
const EAP_TLS = 0x0d
const EAP_KEY_BYTES = 128
const EAP_IV_BYTES = 64

/** RFC 5216 section 2.3; RFC 9190 section 2.3, where there are no IVs any more. */
function eapKeyBlock(parts: SessionParts): EapKeyBlock {
  const { suite, randoms } = parts.facts
  if (suite.version === TLS_1_3) {
    const keys = exportKey(parts, 'EXPORTER_EAP_TLS_Key_Material', Uint8Array.of(EAP_TLS), EAP_KEY_BYTES)
    return { keys, ivs: new Uint8Array(0) }
  }
  const label = 'client EAP encryption'
  return {
    keys: exportKey(parts, label, undefined, EAP_KEY_BYTES),
    ivs: prf(suite.hash, new Uint8Array(0), label, randoms, EAP_IV_BYTES),
  }
}

function exportKey(
  { facts, exporterSecret }: SessionParts,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): SecretBytes {
  const { hash, version } = facts.suite
  if (version === TLS_1_3) return exportKey13(hash, exporterSecret, label, context ?? new Uint8Array(0), length)
  return exportKey12(hash, exporterSecret, facts.randoms, label, context, length)
}

function keyInfo(suite: CipherSuite, certificate: Certificate | undefined): KeyInfo {
  const rsa = certificate?.keyType.startsWith('rsa') ?? false
  return {
    signatureAlgorithmName: rsa ? 'RSA' : (certificate?.keyType.toUpperCase() ?? ''),
    encryptAlgorithmName: cipherName(suite),
    keySize: cipherStrength(suite),
    signatureAlgorithm: rsa ? CALG_RSA_SIGN : certificate?.keyType === 'ec' ? CALG_ECDSA : 0,
    encryptAlgorithm: cipherNumber(suite),
  }
}

function cipherName(suite: CipherSuite): string {
  return suite.cipher === 'chacha20-poly1305' ? 'CHACHA20_POLY1305' : 'AES'
}

function protocolBit(side: Side, suite: CipherSuite): number {
  if (suite.version === TLS_1_3) return side === 'initiator' ? SP_PROT_TLS1_3_CLIENT : SP_PROT_TLS1_3_SERVER
  return side === 'initiator' ? SP_PROT_TLS1_2_CLIENT : SP_PROT_TLS1_2_SERVER
}
