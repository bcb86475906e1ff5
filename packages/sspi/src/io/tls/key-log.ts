import { secretBytes, wipe, type SecretBytes } from '../../crypto/index.js'

/** Longer secrets are in no version of TLS, in bytes. */
const MAX_SECRET = 64
const SPACE = 0x20

/** A line of the NSS key log: a label, the client's random (not looked at), a secret in hex. */
export interface KeyLogLine {
  readonly label: string
  readonly secret: SecretBytes
}

/** Takes a line apart, without a string of the secret ever being made, and wipes it. `undefined` for what is no such line. */
export function takeKeyLogLine(line: Uint8Array): KeyLogLine | undefined {
  const first = line.indexOf(SPACE)
  const second = line.indexOf(SPACE, first + 1)
  let end = line.length
  while (end > 0 && line[end - 1]! <= SPACE) end-- // the line's end
  const digits = end - second - 1
  const label = Buffer.from(line.subarray(0, Math.max(first, 0))).toString('latin1')
  const parsed = first > 0 && second > first && digits % 2 === 0 && digits <= 2 * MAX_SECRET
  const secret = secretBytes(parsed ? digits / 2 : 0)
  for (let i = 0; i < secret.length; i++) {
    secret[i] = (hexDigit(line[second + 1 + 2 * i]!) << 4) | hexDigit(line[second + 2 + 2 * i]!) // within `digits`
  }
  wipe(line)
  return parsed ? { label, secret } : undefined
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
}
