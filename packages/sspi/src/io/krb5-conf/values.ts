/**
 * Reads a duration of krb5.conf: seconds (`300`), hours and minutes (`10:30`, `1:30:15`), days
 * before them (`1-02:03:04`), or units (`1d`, `10h 30m`): the forms that MIT krb5 takes.
 *
 * @returns seconds; `undefined` when it is none of these. Negative ones are not taken.
 */
export function parseDuration(text: string): number | undefined {
  // Blanks as one each: three patterns of any number of them would share them out in every way.
  const trimmed = text.trim().replace(/\s+/g, ' ')
  const seconds = /^\d+$/.test(trimmed) ? Number(trimmed) : (clockForm(trimmed) ?? unitForm(trimmed))
  // Kerberos' times have 32 bits.
  return seconds === undefined || seconds > 0x7fff_ffff ? undefined : seconds
}

/** Reads a boolean by the words that libprofile knows; `undefined` when it is none of them. */
export function parseBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(text.trim().toLowerCase())
}

/** The words of a list, which blanks and commas separate. */
export function parseList(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'yes', 'true', 't', '1', 'on'].map((word) => [word, true] as const),
  ...['n', 'no', 'false', 'f', 'nil', '0', 'off'].map((word) => [word, false] as const),
])

function clockForm(text: string): number | undefined {
  const match = /^(?:(\d+)-)?(\d+):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  return match === null ? undefined : sum(match)
}

function unitForm(text: string): number | undefined {
  const match = /^(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)? ?(?:(\d+)s)?$/.exec(text)
  return match === null || text === '' ? undefined : sum(match)
}

/** Days, hours, minutes and seconds, each of which may be left out. */
function sum([, days, hours, minutes, seconds]: readonly (string | undefined)[]): number {
  return Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
}
