import { initSecurityInterface, type SecPkgInfo } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { ExitCode } from '../exit-codes.js'
import { CommandError, describeFailure } from '../failure.js'
import type { Narrator } from './narrator.js'
import { runProcedures } from './procedures.js'
import type { Progress } from './stage.js'
import { DEMO_USER, SCENARIOS, type Scenario } from './scenarios.js'
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
  // Two interfaces, as in two programs: the client's knows no accounts.
  const client = initSecurityInterface()
  const server = initSecurityInterface({ accounts: memoryAccounts([DEMO_USER]) })
  const results: DemoResult[] = []
  for (const scenario of chosen(client.enumerateSecurityPackages(), options.package)) {
    const progress = nothingYet()
    let error: string | undefined
    try {
      narrator.package(scenario.package, client.querySecurityPackageInfo(scenario.package).comment)
      await runProcedures({ client, server, scenario, narrator, progress })
    } catch (failure) {
      const { code, message } = describeFailure(failure)
      error = code === undefined ? message : `${message} [${code}]`
      narrator.failed(error)
    }
    results.push(toResult(scenario, progress, error))
  }
  return results
}

function chosen(packages: readonly SecPkgInfo[], wanted: string | undefined): readonly Scenario[] {
  const there = SCENARIOS.filter((scenario) => packages.some(({ name }) => name === scenario.package))
  const found = there.filter((each) => wanted === undefined || each.package.toLowerCase() === wanted.toLowerCase())
  if (found.length > 0) return found
  const names = there.map((scenario) => scenario.package).join(', ')
  throw new CommandError(ExitCode.USAGE, `the demo has no package '${wanted ?? ''}'`, `it has ${names}`)
}

function nothingYet(): Progress {
  const done = { signed: false, sealed: false, tamperDetected: false, ended: false }
  return { mechanism: '', legs: 0, client: '', server: '', ...done }
}

function toResult(scenario: Scenario, progress: Progress, error: string | undefined): DemoResult {
  const { mechanism, legs, client, server, signed, sealed, tamperDetected, ended } = progress
  const known = client === `${DEMO_USER.domain}\\${DEMO_USER.user}` && server === scenario.targetName
  const ok = error === undefined && known && signed && sealed && tamperDetected && ended
  const result = { package: scenario.package, mechanism, legs, client, server, signed, sealed, tamperDetected, ok }
  return error === undefined ? result : { ...result, error }
}
