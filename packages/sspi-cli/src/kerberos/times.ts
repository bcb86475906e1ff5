import { InvalidArgumentError } from 'commander'
import { parseDuration } from 'sspi/krb5'

/** A duration of the command line, in seconds: `10h`, `1d 2h`, `10:30`, `36000`. */
export function durationArgument(text: string): number {
  const seconds = parseDuration(text)
  if (seconds === undefined || seconds === 0) {
    throw new InvalidArgumentError('A duration expected: 10h, 1d 2h 30m, 10:30, or seconds.')
  }
  return seconds
}

/**
 * A time to come: a duration from now, `yyyymmddhhmmss` or `yymmddhhmmss` by the local clock as MIT takes them, or ISO 8601.
 */
export function startTimeArgument(text: string): Date {
  const time = digitsTime(text) ?? isoTime(text) ?? laterBy(parseDuration(text))
  if (time === undefined) {
    throw new InvalidArgumentError('A time expected: 2h (from now), 20300131080000, or 2030-01-31T08:00.')
  }
  return time
}

/** A time by the local clock, `2030-01-31 08:00:00`: to be read by people, and to be sorted. */
export function timeText(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** A time of a file, in seconds since 1970. */
export function fromSeconds(seconds: number): Date {
  return new Date(seconds * 1000)
}

function digitsTime(text: string): Date | undefined {
  const match = /^(\d{4}|\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return new Date(year < 100 ? 2000 + year : year, month - 1, day, hour, minute, second)
}

function isoTime(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? undefined : time
}

function laterBy(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000)
}
