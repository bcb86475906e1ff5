import { tmpdir, userInfo } from 'node:os'
import { profileError } from './profile-parser.js'

/** What `%{…}` in names of files stands for. What is left out is `undefined` and cannot be used. */
export interface Expansions {
  /** `%{uid}` and `%{USERID}`. */
  readonly uid?: string | undefined
  /** `%{euid}`. */
  readonly euid?: string | undefined
  /** `%{username}`. */
  readonly username?: string | undefined
  /** `%{TEMP}`. */
  readonly temp?: string | undefined
}

/**
 * What `%{…}` stands for in this process. `%{TEMP}` is `/tmp` (on Windows the system's, which comes out of the
 * environment); everything else is asked of the operating system.
 */
export function processExpansions(): Expansions {
  return {
    uid: process.getuid?.().toString(),
    euid: process.geteuid?.().toString(),
    username: userName(),
    temp: process.platform === 'win32' ? tmpdir() : '/tmp',
  }
}

/**
 * Replaces each `%{…}` in a value.
 *
 * @param what - The relation, for the error.
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` for names that mean nothing here.
 */
export function expand(text: string, expansions: Expansions, what: string): string {
  const values: ReadonlyMap<string, string | undefined> = new Map([
    ['uid', expansions.uid],
    ['USERID', expansions.uid],
    ['euid', expansions.euid],
    ['username', expansions.username],
    ['TEMP', expansions.temp],
    ['null', ''],
  ])
  return text.replace(/%\{([^}]*)\}?/g, (token, name: string) => {
    const value = token.endsWith('}') ? values.get(name) : undefined
    if (value === undefined) throw profileError(what, `${token} means nothing here`)
    return value
  })
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // A number without an entry in the system's list of users, as in containers.
    return undefined
  }
}
