import { NegotiateFlag } from './constants.js'

/** Whether all bits of `flag` are set. */
export function hasFlag(flags: number, flag: number): boolean {
  return (flags & flag) >>> 0 === flag >>> 0
}

/** The names of the flags that are set, without the prefix `NTLMSSP_`, lowest bit first; unknown bits as hexadecimal. */
export function flagNames(flags: number): readonly string[] {
  const names: string[] = []
  let rest = flags >>> 0
  for (const [name, flag] of Object.entries(NegotiateFlag)) {
    if (!hasFlag(flags, flag)) continue
    names.push(name)
    rest = (rest & ~flag) >>> 0
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`)
  return names
}
