import { fromBase64, toBase64 } from '../../bytes/index.js'
import type { PrincipalAttributes } from '../../kdc/index.js'
import {
  decodeDer,
  encodeDer,
  encryptionProfile,
  encryptionProfileByName,
  readAuthorizationData,
  writeAuthorizationData,
} from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'

/** How a value stands in a line. Reading gives `undefined` for what is none. */
interface Form<T> {
  read(text: string): T | undefined
  write(value: T): string
}

const yesOrNo: Form<boolean> = {
  read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
  write: (value) => (value ? 'yes' : 'no'),
}

/** In UTC, to the second: `2026-11-26T09:00:00Z`. */
export const time: Form<Date> = {
  read: (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && Date.parse(text) ? new Date(text) : undefined),
  write: (value) => value.toISOString().replace(/\.\d+Z$/, 'Z'),
}

const seconds: Form<number> = {
  read: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined),
  write: String,
}

const enctypes: Form<readonly number[]> = {
  read: (text) => {
    const profiles = text.split(/\s+/).map(encryptionProfileByName)
    return profiles.every((profile) => profile !== undefined) ? profiles.map(({ enctype }) => enctype) : undefined
  },
  write: (value) => value.map((enctype) => encryptionProfile(enctype).names[0]).join(' '),
}

const authorizationData: Form<NonNullable<PrincipalAttributes['authorizationData']>> = {
  read: (text) => {
    try {
      return decodeDer(fromBase64(text), readAuthorizationData)
    } catch (error) {
      if (error instanceof SspiError) return undefined
      throw error
    }
  },
  write: (value) => toBase64(encodeDer(value, writeAuthorizationData)),
}

type Attributes = { -readonly [K in keyof PrincipalAttributes]-?: NonNullable<PrincipalAttributes[K]> }

/** What lines there are, and of which form: one for each attribute. */
const FORMS: { readonly [K in keyof Attributes]: readonly [name: string, form: Form<Attributes[K]>] } = {
  disabled: ['disabled', yesOrNo],
  validFrom: ['valid-from', time],
  expires: ['expires', time],
  passwordExpires: ['password-expires', time],
  mustChangePassword: ['must-change-password', yesOrNo],
  requirePreauth: ['require-preauth', yesOrNo],
  service: ['service', yesOrNo],
  initialOnly: ['initial-only', yesOrNo],
  changesPasswords: ['changes-passwords', yesOrNo],
  forwardable: ['forwardable', yesOrNo],
  proxiable: ['proxiable', yesOrNo],
  renewable: ['renewable', yesOrNo],
  postdatable: ['postdatable', yesOrNo],
  okAsDelegate: ['ok-as-delegate', yesOrNo],
  maxLifetimeSeconds: ['max-lifetime-seconds', seconds],
  maxRenewSeconds: ['max-renew-seconds', seconds],
  sessionEnctypes: ['session-enctypes', enctypes],
  maySetPasswords: ['may-set-passwords', yesOrNo],
  authorizationData: ['authorization-data', authorizationData],
}

const byName: ReadonlyMap<string, keyof Attributes> = new Map(
  Object.entries(FORMS).map(([attribute, [name]]) => [name, attribute as keyof Attributes]), // its own keys
)

/** The names of attributes as the principal file has them: `disabled`, `max-lifetime-seconds`, … */
export const principalAttributeNames: readonly string[] = [...byName.keys()]

/** Writes attributes as lines of the principal file, `disabled: yes`, in the order of the names. */
export function writePrincipalAttributes(attributes: PrincipalAttributes): readonly string[] {
  const lines: string[] = []
  for (const attribute of byName.values()) addLine(lines, attribute, attributes[attribute])
  return lines
}

/**
 * Reads an attribute by its name and value in the principal file. An empty value is the default, as `undefined`.
 * @returns the attribute; `undefined` for a name of none, or a value that is not of its form.
 */
export function readPrincipalAttribute(name: string, value: string): PrincipalAttributes | undefined {
  const attribute = byName.get(name)
  if (attribute === undefined) return undefined
  if (value === '') return { [attribute]: undefined }
  const read = FORMS[attribute][1].read(value)
  return read === undefined ? undefined : { [attribute]: read }
}

function addLine<K extends keyof Attributes>(lines: string[], attribute: K, value: Attributes[K] | undefined): void {
  const [name, form] = FORMS[attribute]
  if (value !== undefined) lines.push(`${name}: ${form.write(value)}`)
}
