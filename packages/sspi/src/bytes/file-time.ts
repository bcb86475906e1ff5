/** FILETIME counts from 1601-01-01, dates from 1970-01-01: the difference in milliseconds. */
const EPOCH_DIFFERENCE_MS = 11_644_473_600_000n
const TICKS_PER_MS = 10_000n

/** A date as a FILETIME: 100 ns ticks since 1601-01-01. Dates before that are 0. */
export function dateToFileTime(date: Date): bigint {
  const ticks = (BigInt(date.getTime()) + EPOCH_DIFFERENCE_MS) * TICKS_PER_MS
  return ticks < 0n ? 0n : ticks
}

/** How far two FILETIMEs are apart, in seconds, whichever is the later. */
export function secondsBetween(a: bigint, b: bigint): number {
  return Number(a > b ? a - b : b - a) / 10_000_000
}

/** A FILETIME as a date; it is an invalid date for times that a date cannot hold. */
export function fileTimeToDate(ticks: bigint): Date {
  return new Date(Number(ticks / TICKS_PER_MS - EPOCH_DIFFERENCE_MS))
}
