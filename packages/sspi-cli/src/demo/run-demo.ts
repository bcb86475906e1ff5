import { initSecurityInterface, type SecPkgInfo } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'
import type { Narrator } from './narrator.js'
import { runProcedures } from './procedures.js'
import type { Progress } from './stage.js'
import { createDemoRealm } from './realm.js'
import { BACKEND, clientName, DEMO_USER, SCENARIOS, type Scenario } from './scenarios.js'
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
      await (scenario.mechanism === 'Kerberos' ? runInRealm : runWithAccounts)(scenario, narrator, progress)
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

/** Two interfaces, as in two programs: the client's knows no accounts. */
async function runWithAccounts(scenario: Scenario, narrator: Narrator, progress: Progress): Promise<void> {
  // Digest encrypts messages by old ciphers alone, which have to be asked for.
  const digest = { realm: 'server.example.com', insecureAllowLegacyLayers: true }
  const client = initSecurityInterface({ digest })
  const server = initSecurityInterface({ digest, accounts: memoryAccounts([DEMO_USER]) })
  await runProcedures({ client, server, scenario, narrator, progress })
}

/** Two members of a realm, whose KDC is in this process. */
async function runInRealm(scenario: Scenario, narrator: Narrator, progress: Progress): Promise<void> {
  using realm = createDemoRealm(scenario.targetName, narrator)
  const keys = { server: await realm.keysOf(scenario.targetName), backend: await realm.keysOf(BACKEND) }
  await runProcedures({ client: realm.member(), server: realm.member(), keys, scenario, narrator, progress })
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
  const known = client === clientName(scenario) && server === scenario.targetName && mechanism === scenario.mechanism
  const kerberos = scenario.mechanism !== 'Kerberos' || (mutual && delegated)
  const ok = error === undefined && known && signed && sealed && tamperDetected && kerberos && ended
  const names = { package: scenario.package, mechanism, legs, client, server }
  const result = { ...names, signed, sealed, tamperDetected, mutual, delegated, ok }
  return error === undefined ? result : { ...result, error }
}
