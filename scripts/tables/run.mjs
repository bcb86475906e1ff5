/**
 * Runs every package and writes down what it does: which functions it has, which attributes its contexts and credentials answer,
 * and what each flag comes to. Nothing of this is typed in anywhere.
 */
import * as core from '../../packages/sspi/dist/src/sspi/index.js'
import { SspiError } from '../../packages/sspi/dist/src/status/index.js'
import { SCHANNEL_SHUTDOWN, SP_PROT_TLS1_2 } from '../../packages/sspi/dist/src/schannel/index.js'
import {
  clientCredential,
  domainOfAll,
  meet,
  PACKAGES,
  serverCredential,
  TARGET,
} from '../../packages/sspi/dist/test/system/all-packages.js'
import { cross } from '../../packages/sspi/dist/test/system/cross.js'
import { meetWithPac } from '../../packages/sspi/dist/test/system/pac-exchange.js'
import { credentialOf, trusting } from '../../packages/sspi/dist/test/schannel/certificates.js'

export { PACKAGES }

/** What is true of all of them: an array by package. */
export async function runAll() {
  const domain = domainOfAll()
  try {
    const contexts = {}
    const functions = {}
    const credentials = {}
    for (const name of PACKAGES) {
      const pairs = await scenarios(name, domain)
      contexts[name] = answers(pairs)
      credentials[name] = await credentialAnswers(name, domain)
      functions[name] = await functionsOf(name, domain, pairs.at(-1))
    }
    return { contexts, credentials, functions, flags: await flagsOf(domain) }
  } finally {
    await domain[Symbol.asyncDispose]()
  }
}

// ------------------------------------------------------------------ attributes

/** Exchanges after which a package can answer whatever it has an answer to. */
async function scenarios(name, domain) {
  const { ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH } = core
  const { ASC_REQ_INTEGRITY } = core
  // What Digest encrypts with is weak, and off.
  const encrypted = name === 'WDigest' ? 0 : ISC_REQ_CONFIDENTIALITY
  const protection = {
    clientReq: encrypted | ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH,
    serverReq: encrypted | ASC_REQ_INTEGRITY,
  }
  const first = await meet(name, domain, protection)
  switch (name) {
    case 'Kerberos':
    case 'Negotiate':
      return [
        first,
        await meetWithPac(name),
        await meet(name, domain, { ...protection, clientReq: protection.clientReq | ISC_REQ_DELEGATE }),
      ]
    case 'Schannel': {
      const enabledProtocols = SP_PROT_TLS1_2
      const mapped = await meet(name, domain, {
        clientCredential: credentialOf('client', { enabledProtocols }),
        serverCredential: credentialOf('server', { mapToAccount: true, requireClientCertificate: true }),
      })
      setWhatCanBe(mapped)
      return [first, mapped]
    }
    case 'CREDSSP': {
      const clientSspi = domain.sspi({ credssp: { delegation: { allowFreshCredentials: ['HTTP/*'] } } })
      const delegated = await meet(name, domain, { clientSspi, clientReq: ISC_REQ_DELEGATE })
      setWhatCanBe(delegated)
      return [first, await meetWithPac(name), delegated]
    }
    default:
      return [first]
  }
}

function setWhatCanBe({ client, server }) {
  for (const { sspi, context } of [client, server]) {
    for (const name of ['SECPKG_ATTR_KEYING_MATERIAL_INFO', 'SECPKG_ATTR_APP_DATA']) {
      sspi.setContextAttributes(context, core[name], SETTABLE[name])
    }
  }
}

/** Names with their numbers; the header has two for one number, and some that are no attributes. */
export function attributeNames(prefix) {
  return Object.entries(core)
    .filter(([name]) => name.startsWith(prefix) && !name.includes('_INFO_FLAG_'))
    .filter(([name]) => name !== 'SECPKG_ATTR_DATAGRAM_SIZES')
    .toSorted(([, one], [, other]) => one - other)
}

function answers(pairs) {
  const found = {}
  for (const [name, number] of attributeNames('SECPKG_ATTR_')) {
    for (const pair of pairs) {
      for (const side of ['client', 'server']) {
        const { sspi, context } = pair[side]
        const answer = tried(() => sspi.queryContextAttributes(context, number))
        if (answer.value === undefined) continue
        const entry = (found[name] ??= { sides: [], fields: Object.keys(answer.value) })
        if (!entry.sides.includes(side)) entry.sides.push(side)
      }
    }
    if (tried(() => pairs[0].client.sspi.setContextAttributes(pairs[0].client.context, number, SETTABLE[name])).ok) {
      found[name] = { sides: found[name]?.sides ?? [], fields: found[name]?.fields ?? [], settable: true }
    }
  }
  return found
}

const SETTABLE = {
  SECPKG_ATTR_KEYING_MATERIAL_INFO: { label: 'EXPORTER-tables', keyingMaterialLength: 16 },
  SECPKG_ATTR_APP_DATA: { appData: Uint8Array.of(1) },
  SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS: { proxyServer: 'proxy.example.com' },
  SECPKG_CRED_ATTR_PAC_BYPASS: true,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS: { protocols: 0 },
  SECPKG_ATTR_CIPHER_STRENGTHS: { minimumCipherStrength: 0, maximumCipherStrength: 0 },
}

async function credentialAnswers(name, domain) {
  const sspi = domain.sspi()
  const found = {}
  const values = {
    client: [core.SECPKG_CRED_OUTBOUND, clientCredential(name, domain)],
    server: [core.SECPKG_CRED_INBOUND, serverCredential(name, domain)],
  }
  for (const side of ['client', 'server']) {
    const [credentialUse, authData] = values[side]
    const { credential } = await sspi.acquireCredentialsHandle({ package: name, credentialUse, authData })
    for (const [attribute, number] of [...attributeNames('SECPKG_CRED_ATTR_'), ...ofCredentials()]) {
      const { value } = tried(() => sspi.queryCredentialsAttributes(credential, number))
      const settable = tried(() => sspi.setCredentialsAttributes(credential, number, SETTABLE[attribute])).ok
      if (value === undefined && !settable) continue
      const entry = (found[attribute] ??= { sides: [], fields: [] })
      entry.sides.push(side)
      if (value !== undefined) entry.fields = Object.keys(value)
      if (settable) entry.settable = true
    }
  }
  return found
}

/** The attributes of Schannel's credentials, which have no prefix of their own. */
export function ofCredentials() {
  return ['SECPKG_ATTR_SUPPORTED_ALGS', 'SECPKG_ATTR_CIPHER_STRENGTHS', 'SECPKG_ATTR_SUPPORTED_PROTOCOLS'].map(
    (name) => [name, core[name]],
  )
}

// ------------------------------------------------------------------ functions

async function functionsOf(name, domain, { client, server }) {
  const sspi = domain.sspi()
  const authData = clientCredential(name, domain)
  const credentialUse = core.SECPKG_CRED_OUTBOUND
  const { credential } = await sspi.acquireCredentialsHandle({ package: name, credentialUse, authData })
  const inner = { Negotiate: 'NTLM', CREDSSP: 'Schannel' }[name] ?? name
  const innerData = inner === 'Schannel' ? trusting() : domain.credential('alice')
  const added = { credential, package: inner, credentialUse, authData: innerData }
  const settable = Object.keys(SETTABLE)
  const outbound = (attribute) => sspi.setCredentialsAttributes(credential, core[attribute], SETTABLE[attribute])
  const inContext = (attribute) =>
    client.sspi.setContextAttributes(client.context, core[attribute], SETTABLE[attribute])
  const withSessions = async (use) => use(await sessionsOf(name, domain))
  const control = new core.SecBufferDesc([
    new core.SecBuffer(core.SECBUFFER_TOKEN, new Uint8Array(Uint32Array.of(SCHANNEL_SHUTDOWN).buffer)),
  ])
  const data = Uint8Array.of(1, 2, 3)
  const key = new Uint8Array(32).fill(1)
  const calls = {
    AcquireCredentialsHandle: () => true,
    FreeCredentialsHandle: () => true,
    AddCredentials: () => sspi.addCredentials(added),
    QueryCredentialsAttributes: () => sspi.queryCredentialsAttributes(credential, core.SECPKG_CRED_ATTR_NAMES),
    QueryCredentialsAttributesEx: () => sspi.queryCredentialsAttributesEx(credential, core.SECPKG_CRED_ATTR_NAMES),
    SetCredentialsAttributes: () => requireOne(settable.map((each) => tried(() => outbound(each)))),
    ChangeAccountPassword: () => changePassword(name),
    InitializeSecurityContext: () => client.last,
    AcceptSecurityContext: () => server.last,
    DeleteSecurityContext: () => true,
    CompleteAuthToken: () => client.sspi.completeAuthToken(client.context, control),
    ApplyControlToken: () => client.sspi.applyControlToken(client.context, control) ?? true,
    QueryContextAttributes: () => client.sspi.queryContextAttributes(client.context, core.SECPKG_ATTR_FLAGS),
    QueryContextAttributesEx: () => client.sspi.queryContextAttributesEx(client.context, core.SECPKG_ATTR_FLAGS),
    SetContextAttributes: () => requireOne(settable.map((each) => tried(() => inContext(each)))),
    ImpersonateSecurityContext: () => server.sspi.impersonateSecurityContext(server.context, () => true),
    RevertSecurityContext: () => server.sspi.revertSecurityContext(() => true),
    QuerySecurityContextToken: () => server.sspi.querySecurityContextToken(server.context),
    MakeSignature: () => withSessions(({ client }) => client.sign(data)),
    VerifySignature: () => withSessions((each) => each.server.verify(data, each.client.sign(data)) ?? true),
    EncryptMessage: () => withSessions((each) => each.client.seal(data)),
    DecryptMessage: () => withSessions((each) => each.server.unseal(each.client.seal(data))),
    ExportSecurityContext: () => withSessions((each) => each.client.export({ key })),
    ImportSecurityContext: () =>
      withSessions((each) => domain.sspi().importSession({ package: name, blob: each.client.export({ key }), key })),
  }
  const found = {}
  for (const [each, call] of Object.entries(calls)) found[each] = await succeeds(call)
  return found
}

/** In a domain of its own, as the others shall find the password that they know. */
async function changePassword(name) {
  const domain = domainOfAll()
  try {
    const accountName = `bob@${domain.realm}`
    const change = { accountName, oldPassword: domain.passwordOf('bob'), newPassword: 'Another one, 2026' }
    return await domain.sspi().changeAccountPassword({ package: name, ...change })
  } finally {
    await domain[Symbol.asyncDispose]()
  }
}

/** Sessions of the second level, whose messages are in one piece. */
async function sessionsOf(name, domain) {
  // What Digest encrypts with is weak, and off.
  const machine = () => domain.sspi({ digest: { insecureAllowLegacyLayers: true } })
  const client = machine().initiate({ package: name, credentials: clientCredential(name, domain), target: TARGET })
  const server = machine().accept({ package: name, credentials: serverCredential(name, domain) })
  await cross(client, server)
  return { client: client.session, server: server.session }
}

function requireOne(outcomes) {
  if (outcomes.some(({ ok }) => ok)) return true
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'none')
}

/** Whether a call has an answer; what fails for another reason than that there is none is a mistake of this program. */
async function succeeds(call) {
  try {
    return (await call()) !== undefined
  } catch (error) {
    if (error.code === 'SEC_E_UNSUPPORTED_FUNCTION') return false
    throw error
  }
}

/** What a call gives; `ok` when it is not refused. A value that is not of the attribute's type is as good as a refusal. */
function tried(call) {
  try {
    return { value: call(), ok: true }
  } catch (error) {
    if (error instanceof SspiError || error instanceof TypeError) return { ok: false }
    throw error
  }
}

// ------------------------------------------------------------------ flags

/** Flags of the result that are called otherwise than those that ask for them. */
const RESULTS = {
  USE_SUPPLIED_CREDS: 'USED_SUPPLIED_CREDS',
  USE_DCE_STYLE: 'USED_DCE_STYLE',
  ALLOCATE_MEMORY: 'ALLOCATED_MEMORY',
  PROMPT_FOR_CREDS: 'USED_COLLECTED_CREDS',
  ALLOW_NULL_SESSION: 'NULL_SESSION',
  ALLOW_MISSING_BINDINGS: 'MISSING_BINDINGS',
  PROXY_BINDINGS: 'NO_PROXY_BINDINGS',
}

/** The requests of a side, `ISC` or `ASC`, with the bits of their results; those beyond 32 bits are of no flags argument. */
export function requests(side) {
  return Object.entries(core)
    .filter(([name, bit]) => name.startsWith(`${side}_REQ_`) && bit < 2 ** 32)
    .map(([name, bit]) => {
      const what = name.slice(8)
      const result = `${side}_RET_${RESULTS[what] ?? what}`
      return { name, bit, result: result in core ? result : undefined, resultBit: core[result] ?? 0, what }
    })
    .toSorted((one, other) => one.bit - other.bit)
}

/** What comes of each flag when both sides ask for it and for nothing else, by package. */
async function flagsOf(domain) {
  const outcomes = {}
  const delegates = domain.sspi({ credssp: { delegation: { allowFreshCredentials: ['HTTP/*'] } } })
  for (const name of PACKAGES) {
    const clientSspi = name === 'CREDSSP' ? delegates : undefined
    const plain = await meet(name, domain, { clientSspi })
    const before = { ISC: plain.client.last.contextAttr, ASC: plain.server.last.contextAttr }
    for (const side of ['ISC', 'ASC']) {
      for (const { name: flag, what, resultBit } of requests(side)) {
        outcomes[flag] ??= {}
        const options = { clientSspi, ...REQUEST_OPTIONS[what], ...bothAsk(what) }
        outcomes[flag][name] = await outcomeOf(name, domain, options, side, resultBit, before[side])
      }
    }
  }
  return outcomes
}

/** Flags of the two sides that belong together, and are called otherwise. */
const PAIRS = { NULL_SESSION: 'ALLOW_NULL_SESSION' }

function bothAsk(what) {
  const [initiator] = Object.entries(PAIRS).find(([, other]) => other === what) ?? [what]
  const acceptor = PAIRS[what] ?? what
  return { clientReq: core[`ISC_REQ_${initiator}`] ?? 0, serverReq: core[`ASC_REQ_${acceptor}`] ?? 0 }
}

/** What must be there besides for a flag to have a meaning. */
const REQUEST_OPTIONS = {
  ALLOW_MISSING_BINDINGS: { serverBindings: { applicationData: Uint8Array.of(1, 2, 3) } },
}

async function outcomeOf(name, domain, options, side, resultBit, before) {
  try {
    const pair = await meet(name, domain, options)
    const { contextAttr } = side === 'ISC' ? pair.client.last : pair.server.last
    if ((contextAttr & resultBit) === 0) return 'nothing'
    return (before & resultBit) === 0 ? 'returned' : 'always'
  } catch (error) {
    if (error instanceof SspiError) return error.code
    throw error
  }
}
