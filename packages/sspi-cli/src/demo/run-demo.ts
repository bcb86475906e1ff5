import {
  certificateCredential,
  credSspCredential,
  initSecurityInterface,
  passwordCredential,
  SCHANNEL_NAME,
  UNISP_NAME,
  type SecPkgInfo,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import type { Authority } from '../certificates/authority.js'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'
import type { Narrator } from './narrator.js'
import { runProcedures } from './procedures.js'
import type { Progress, Stage } from './stage.js'
import { createDemoRealm } from './realm.js'
import {
  BACKEND,
  clientName,
  DEMO_UPN,
  DEMO_USER,
  HOST,
  SCENARIOS,
  type Mechanism,
  type Scenario,
} from './scenarios.js'
import type { DemoResult } from './summary.js'

/** Options of {@link runDemo}. */
export interface DemoRunOptions {
  readonly narrator: Narrator
  /** Only this package. Default: every package of the table that is there. */
  readonly package?: string | undefined
}

/** Runs the five procedures with each package. A package that fails is a result like any other. */
export async function runDemo(options: DemoRunOptions): Promise<readonly DemoResult[]> {
  const { narrator } = options
  const packages = initSecurityInterface().enumerateSecurityPackages()
  const results: DemoResult[] = []
  for (const scenario of chosen(packages, options.package)) {
    const progress = nothingYet()
    let error: string | undefined
    try {
      narrator.package(titleOf(scenario), packages.find(({ name }) => name === scenario.package)?.comment ?? '')
      await SETTINGS[scenario.mechanism](scenario, narrator, (setup) =>
        runProcedures({ ...setup, scenario, narrator, progress }),
      )
    } catch (failure) {
      const { code, message } = describeFailure(failure)
      error = code === undefined ? message : `${message} [${code}]`
      narrator.failed(error)
    }
    results.push(toResult(scenario, progress, error))
  }
  return results
}

function titleOf({ package: name, mechanism }: Scenario): string {
  return name === mechanism ? name : `${name} with ${mechanism}`
}

/** Who sets the stage for a mechanism. What it has made is gone when `play` is done. */
type Setting = (scenario: Scenario, narrator: Narrator, play: (stage: Setup) => Promise<void>) => Promise<void>
type Setup = Omit<Stage, 'scenario' | 'narrator' | 'progress'>

const SETTINGS: Readonly<Record<Mechanism, Setting>> = {
  NTLM: withAccounts,
  Kerberos: withRealm,
  WDigest: withAccounts,
  [SCHANNEL_NAME]: withCertificates,
  [UNISP_NAME]: withCertificates,
  CREDSSP: withDelegation,
}

/** Two interfaces, as in two programs: the client's knows no accounts. */
async function withAccounts(_scenario: Scenario, _narrator: Narrator, play: (stage: Setup) => Promise<void>) {
  // Digest encrypts messages by old ciphers alone, which have to be asked for.
  const digest = { realm: HOST, insecureAllowLegacyLayers: true }
  const client = initSecurityInterface({ digest })
  const server = initSecurityInterface({ digest, accounts: memoryAccounts([DEMO_USER]) })
  await play({ client, server, credentials: { client: passwordCredential(DEMO_USER) } })
}

/** Two members of a realm, whose KDC is in this process. */
async function withRealm({ targetName }: Scenario, narrator: Narrator, play: (stage: Setup) => Promise<void>) {
  using realm = createDemoRealm(targetName, narrator)
  const credentials = { client: passwordCredential(DEMO_USER), server: await realm.keysOf(targetName) }
  const backend = { package: 'Kerberos', credentials: await realm.keysOf(BACKEND) }
  const server = realm.member()
  await play({ client: realm.member(), server, credentials, acceptBackend: () => server.accept(backend) })
}

/** An authority that both trust has made a certificate for each; the client's is that of an account. */
async function withCertificates(_scenario: Scenario, narrator: Narrator, play: (stage: Setup) => Promise<void>) {
  const authority = await makeAuthority()
  const { root: roots } = authority
  const credentials = {
    client: certificateCredential({ identity: await authority.issueClient(DEMO_UPN), roots }),
    server: certificateCredential({
      identity: await authority.issueServer([HOST]),
      roots,
      requireClientCertificate: true,
      mapToAccount: true,
    }),
  }
  const server = initSecurityInterface({ accounts: memoryAccounts([{ ...DEMO_USER, upn: DEMO_UPN }]) })
  narrator.say('an authority, made up', `certificates for ${HOST} and ${DEMO_UPN}`)
  await play({ client: initSecurityInterface(), server, credentials })
}

/** The server has a certificate, the client a password, which the server may have for its own use. */
async function withDelegation({ targetName }: Scenario, narrator: Narrator, play: (stage: Setup) => Promise<void>) {
  const authority = await makeAuthority()
  const accounts = memoryAccounts([DEMO_USER])
  const credentials = {
    client: credSspCredential({
      identity: passwordCredential(DEMO_USER),
      tls: certificateCredential({ roots: authority.root }),
    }),
    server: certificateCredential({ identity: await authority.issueServer([HOST]) }),
  }
  // No client delegates where it is not told that it may.
  const client = initSecurityInterface({ credssp: { delegation: { allowFreshCredentials: [targetName] } } })
  const server = initSecurityInterface({ accounts })
  narrator.say('an authority, made up', `a certificate for ${HOST}`)
  await play({ client, server, credentials, acceptBackend: () => server.accept({ package: 'NTLM' }) })
}

/** Loaded where it is needed: it takes longer than all of the rest. */
async function makeAuthority(): Promise<Authority> {
  const { createAuthority } = await import('../certificates/authority.js')
  return createAuthority()
}

function chosen(packages: readonly SecPkgInfo[], wanted: string | undefined): readonly Scenario[] {
  const there = SCENARIOS.filter((scenario) => packages.some(({ name }) => name === scenario.package))
  const found = there.filter((each) => wanted === undefined || each.package.toLowerCase() === wanted.toLowerCase())
  if (found.length > 0) return found
  const names = [...new Set(there.map((scenario) => scenario.package))].join(', ')
  throw new CommandError(ExitCode.USAGE, `the demo has no package '${wanted ?? ''}'`, `it has ${names}`)
}

function nothingYet(): Progress {
  const done = { signed: false, sealed: false, tamperDetected: false, mutual: false, delegated: false, ended: false }
  return { mechanism: '', legs: 0, client: '', server: '', ...done }
}

function toResult(scenario: Scenario, progress: Progress, error: string | undefined): DemoResult {
  const { mechanism, legs, client, server, signed, sealed, tamperDetected, mutual, delegated, ended } = progress
  const known = client === clientName(scenario) && server === scenario.toldName && mechanism === scenario.mechanism
  const achieved = scenario.achieves.every((each) => progress[each])
  const ok = error === undefined && known && sealed && tamperDetected && achieved && ended
  const names = { package: scenario.package, mechanism, legs, client, server }
  const result = { ...names, signed, sealed, tamperDetected, mutual, delegated, ok }
  return error === undefined ? result : { ...result, error }
}
