/** The time that means "never expires": the last one that a `Date` can hold. */
export function never(): Date {
  return new Date(8_640_000_000_000_000)
}
