/** Fields that are of one connection, RFC 9110 §7.6.1, and those that say where a body ends. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * The fields of a message without those that are of its connection, and those that `connection` names.
 *
 * @param fields - By name in lower case.
 * @param kept - Those that stay all the same.
 */
export function withoutConnectionFields(
  fields: Readonly<Record<string, string | string[] | undefined>>,
  kept: readonly string[] = [],
): Record<string, string | string[]> {
  const named = new Set(
    [fields['connection'] ?? []]
      .flat()
      .flatMap((value) => value.split(','))
      .map((name) => name.trim().toLowerCase()),
  )
  const left: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (kept.includes(name) || !(CONNECTION_FIELDS.has(name) || named.has(name))) left[name] = value
  }
  return left
}
