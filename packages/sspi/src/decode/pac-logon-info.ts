import { GroupAttribute, LogonUserFlag, readLogonInfo, type LogonInfoField } from '../kerberos/index.js'
import type { Inside } from './asn1-shapes.js'
import { bitNames, fileTimeText, hexNumber, type BitNames } from './names.js'
import type { About, Scope } from './node.js'
import { printable } from './printable.js'

/** KERB_VALIDATION_INFO, MS-PAC 2.5: who the user is and which groups it is in, as it is read from NDR. */
export const decodeLogonInfo: Inside = (label, bytes, scope) =>
  scope.collect(label, bytes, (children) => {
    readLogonInfo(bytes, (field) => children.push(scope.node(field.name, field.bytes, about(field, scope))))
    return undefined
  })

const NUMBERS: ReadonlyMap<string, (value: number) => string> = new Map([
  ['UserFlags', (value: number) => bitNames(value, USER_FLAGS)],
  ['UserAccountControl', (value: number) => hexNumber(value, 8)],
])

/** MS-PAC 2.5. */
const USER_FLAGS: BitNames = [
  [LogonUserFlag.GUEST, 'GUEST'],
  [LogonUserFlag.EXTRA_SIDS, 'EXTRA_SIDS'],
  [LogonUserFlag.RESOURCE_GROUPS, 'RESOURCE_GROUPS'],
]

/** SE_GROUP_… attributes, MS-PAC 2.2.1. */
const GROUP_ATTRIBUTES: BitNames = [
  [GroupAttribute.MANDATORY, 'mandatory'],
  [GroupAttribute.ENABLED_BY_DEFAULT, 'enabled by default'],
  [GroupAttribute.ENABLED, 'enabled'],
  [GroupAttribute.RESOURCE, 'resource'],
]

function about({ name, content }: LogonInfoField, scope: Scope): About {
  switch (content.kind) {
    case 'number':
      return { value: String(content.value), meaning: NUMBERS.get(name)?.(content.value) }
    case 'time':
      return { value: content.value.toString(), meaning: fileTimeText(content.value) }
    case 'text':
      return { value: printable(content.value) }
    case 'sid':
      return { value: content.value }
    case 'key':
      // Zero as a rule; where it is not, it opens what NTLM protects.
      return content.value.every((byte) => byte === 0) ? { meaning: 'none' } : scope.keyring.about(content.value)
    case 'groups':
      return listed(content.value, ({ relativeId }) => ['RelativeId', String(relativeId)], scope)
    case 'sids':
      return listed(content.value, ({ sid }) => ['Sid', sid], scope)
  }
}

function listed<E extends { readonly bytes: Uint8Array; readonly attributes: number }>(
  entries: readonly E[],
  show: (entry: E) => readonly [label: string, value: string],
  scope: Scope,
): About {
  const children = entries.map((entry) => {
    const [label, value] = show(entry)
    return scope.node(label, entry.bytes, { value, meaning: bitNames(entry.attributes, GROUP_ATTRIBUTES) })
  })
  return { meaning: `${entries.length} entries`, children }
}
