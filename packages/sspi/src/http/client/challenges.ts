import { oemEncode } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { readChallenges, readTokenLeg, type SchemeValue } from '../messages/index.js'
import type { TokenScheme } from './attempts.js'
import { headerOf } from './schemes.js'

/** What a party has answered: its challenges, or its last word. */
export interface Answer {
  readonly challenges: readonly SchemeValue[]
  /** The lines that they stand in, as Digest takes them: octets. */
  readonly lines: Uint8Array
}

/** Reads the lines of challenges that can be read. One that cannot does not hide the others. */
export function readAnswer(values: readonly string[]): Answer {
  const readable: string[] = []
  const challenges: SchemeValue[] = []
  for (const value of values) {
    const found = orNothing(() => readChallenges([value]))
    if (found === undefined) continue
    readable.push(value)
    challenges.push(...found)
  }
  return {
    challenges,
    get lines() {
      return oemEncode(readable.join(', '))
    },
  }
}

/** The server's token for a scheme; `undefined` where it sent none. */
export function tokenFor(scheme: TokenScheme, challenges: readonly SchemeValue[]): Uint8Array | undefined {
  const challenge = challenges.find((each) => each.scheme === headerOf(scheme) && each.token68 !== undefined)
  return challenge === undefined ? undefined : readTokenLeg(challenge)
}

/** What a challenge carries, for people who want to see it. */
export function shownToken(challenge: SchemeValue, { lines }: Answer): Uint8Array | undefined {
  const { scheme, parameters } = challenge
  if (scheme === 'digest') return lines
  const isToken = parameters.length === 0 && (scheme === 'negotiate' || scheme === 'ntlm')
  return isToken ? orNothing(() => readTokenLeg(challenge)) : undefined
}

/** What a reader makes of a peer's text; `undefined` where it cannot be read. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
