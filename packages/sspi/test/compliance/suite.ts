import { suite } from 'node:test'
import { endingRules } from './ending-rules.js'
import { exchangeRules } from './exchange-rules.js'
import { levelTwoRules } from './level-two-rules.js'
import { messageRules } from './message-rules.js'
import { recordRules } from './record-rules.js'
import type { PackageSetup } from './setup.js'

export {
  bindingsOf,
  countingRandom,
  NOON,
  testTable,
  type PackageSetup,
  type Tables,
  type TestTableOptions,
} from './setup.js'

/**
 * What every security package must do, on both levels of the interface: the built-in packages pass it, and so does the
 * third party's in the examples. A package is called one when it passes.
 */
export function describePackage(setup: PackageSetup): void {
  suite(`${setup.name} complies`, () => {
    exchangeRules(setup)
    if (setup.supports.records === true) recordRules(setup)
    else messageRules(setup)
    endingRules(setup)
    levelTwoRules(setup)
  })
}
