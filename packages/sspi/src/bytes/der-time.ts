import { SspiError } from '../status/index.js'

/** The one form that DER and RFC 4120 section 5.2.3 share: `YYYYMMDDHHMMSSZ`. */
const LENGTH = 15

/**
 * Decodes the content of a GeneralizedTime in whole seconds of UTC.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for fractions, other zones, and days or hours that do not exist
 *   (leap seconds included: no calendar of JavaScript has them).
 */
export function decodeGeneralizedTime(content: Uint8Array, what: string): Date {
  if (content.length !== LENGTH || content[LENGTH - 1] !== 0x5a) throw invalid(what)
  const year = digits(content, 0, 4, what)
  const month = digits(content, 4, 2, what)
  const day = digits(content, 6, 2, what)
  const hour = digits(content, 8, 2, what)
  const minute = digits(content, 10, 2, what)
  const second = digits(content, 12, 2, what)
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (year < 100) time.setUTCFullYear(year, month - 1, day)
  // Date rolls over what is out of range: 30 February would be a day in March.
  const real = time.getUTCMonth() === month - 1 && time.getUTCDate() === day
  if (!real || hour > 23 || minute > 59 || second > 59) throw invalid(what)
  return time
}

/**
 * Encodes a time as the content of a GeneralizedTime; fractions of a second are dropped, towards the past.
 *
 * @throws `TypeError` for an invalid date and for years outside of 0 to 9999.
 */
export function encodeGeneralizedTime(time: Date): Uint8Array {
  const year = time.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new TypeError('a time outside of the years 0 to 9999')
  const content = new Uint8Array(LENGTH)
  putDigits(content, 0, 4, year)
  putDigits(content, 4, 2, time.getUTCMonth() + 1)
  putDigits(content, 6, 2, time.getUTCDate())
  putDigits(content, 8, 2, time.getUTCHours())
  putDigits(content, 10, 2, time.getUTCMinutes())
  putDigits(content, 12, 2, time.getUTCSeconds())
  content[LENGTH - 1] = 0x5a
  return content
}

function digits(content: Uint8Array, at: number, count: number, what: string): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = content[i]! - 0x30
    if (digit < 0 || digit > 9) throw invalid(what)
    value = value * 10 + digit
  }
  return value
}

function putDigits(content: Uint8Array, at: number, count: number, value: number): void {
  for (let i = at + count - 1, rest = value; i >= at; i--, rest = Math.floor(rest / 10)) content[i] = 0x30 + (rest % 10)
}

function invalid(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: not a GeneralizedTime of the form YYYYMMDDHHMMSSZ`)
}
