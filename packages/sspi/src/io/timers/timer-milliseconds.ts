/** The longest time that a timer of Node's can wait: with a longer one it would not wait at all. */
export const MAX_TIMER_MILLISECONDS = 0x7fff_ffff

/**
 * A time that an option gives in seconds, as timers take it.
 *
 * @param option - The option's name.
 * @throws `TypeError` for what is no time to wait, or too long for a timer.
 */
export function timerMilliseconds(seconds: number, option: string): number {
  if (!(seconds > 0 && seconds * 1000 <= MAX_TIMER_MILLISECONDS)) {
    throw new TypeError(`${option}: ${seconds} is no time to wait`)
  }
  return Math.ceil(seconds * 1000)
}
