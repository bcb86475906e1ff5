import type { PaData } from '../messages/index.js'
import type { KerberosSettings } from '../options.js'
import type { PreauthConditions, PreauthMethod, PreauthRun } from '../preauth-method.js'
import { encryptedChallenge } from './encrypted-challenge.js'
import { encryptedTimestamp } from './encrypted-timestamp.js'

/** The methods that there always are, the strongest first. */
const BUILT_IN: readonly PreauthMethod[] = [encryptedChallenge, encryptedTimestamp]

/** Begins the best method of those that a KDC offers: those that were given go before the built-in ones. */
export function beginPreauth(
  { preauthMethods, preferredPreauthTypes }: KerberosSettings,
  conditions: PreauthConditions,
): PreauthRun | undefined {
  const isOffered = ({ type }: PreauthMethod): boolean => hasType(conditions.offered, type)
  const rank = ({ type }: PreauthMethod): number =>
    preferredPreauthTypes.includes(type) ? preferredPreauthTypes.indexOf(type) : preferredPreauthTypes.length
  const usable = [...preauthMethods, ...BUILT_IN].filter(isOffered)
  for (const method of usable.sort((a, b) => rank(a) - rank(b))) {
    const run = method.begin(conditions)
    if (run !== undefined) return run
  }
  return undefined
}

function hasType(padata: readonly PaData[], type: number): boolean {
  return padata.some(({ padataType }) => padataType === type)
}
