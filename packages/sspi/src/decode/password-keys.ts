import { encodeUtf8 } from '../bytes/index.js'
import { pbkdf2, wipe } from '../crypto/index.js'
import { defaultSalt, encryptionProfiles, KerberosKey, parsePrincipal, stringToKey } from '../kerberos/index.js'
import { SspiError } from '../sspi/index.js'
import type { Keyring } from './keyring.js'
import type { DecodedNode } from './node.js'

/** Stretching a password takes its time, and the messages say how often it is to be done. */
const MOST_KEYS = 32

/** A salt, and whose it is in words. */
interface Salt {
  readonly text: string
  readonly of: string
}

/**
 * Adds to a ring what a password can be the key of in decoded tokens: of the encryption types and salts that stand in them
 * (ETYPE-INFO2), and of the default salts of the principals that they name. Whether it is the password shows when they are
 * decoded once more.
 *
 * @param principal - Whose password it is, `alice@EXAMPLE.COM`. Default: whoever is named.
 * @throws `SspiError` `SEC_E_UNKNOWN_CREDENTIALS` when `principal` is no name.
 */
export async function keysOfPassword(
  password: string,
  trees: readonly DecodedNode[],
  keyring: Keyring,
  principal?: string,
): Promise<void> {
  const nodes = trees.flatMap(allNodes)
  const enctypes = [...new Set(nodes.flatMap(enctypeOf))]
  const salts = new Map(
    [...(principal === undefined ? nodes.flatMap(saltsOf) : [saltOf(principal)]), ...nodes.flatMap(saltHint)].map(
      (salt) => [salt.text, salt],
    ),
  )
  const wanted = enctypes.flatMap((enctype) => [...salts.values()].map((salt) => ({ enctype, salt })))
  for (const { enctype, salt } of wanted.slice(0, MOST_KEYS)) {
    const key = await derive(enctype, password, encodeUtf8(salt.text))
    const bytes = key.reveal()
    keyring.add(enctype, bytes, `the password, as the key of ${salt.of}`)
    wipe(bytes)
    key.dispose()
  }
}

async function derive(enctype: number, password: string, salt: Uint8Array): Promise<KerberosKey> {
  const derivation = stringToKey(enctype, password, salt)
  if (derivation.kind === 'key') return derivation.key
  const { hash, password: encoded, salt: salted, iterations, length } = derivation.query
  return derivation.finish(await pbkdf2(hash, encoded, salted, iterations, length))
}

function allNodes(node: DecodedNode): readonly DecodedNode[] {
  return [node, ...node.children.flatMap(allNodes)]
}

/** Of EncryptedData, which is what has a `cipher`. */
function enctypeOf({ children }: DecodedNode): readonly number[] {
  const enctype = Number(valueOf(children, 'etype'))
  return valueOf(children, 'cipher') !== undefined && encryptionProfiles.has(enctype) ? [enctype] : []
}

function saltHint({ children }: DecodedNode): readonly Salt[] {
  const text = valueOf(children, 'salt')
  return text === undefined || valueOf(children, 'etype') === undefined ? [] : [{ text, of: `the salt ${text}` }]
}

/** The client and the server that a message or a ticket names. */
function saltsOf({ children }: DecodedNode): readonly Salt[] {
  const realm = valueOf(children, 'crealm') ?? valueOf(children, 'realm')
  if (realm === undefined) return []
  return ['cname', 'sname', 'server-name'].flatMap((label) => {
    const name = children.find((child) => child.label === label)
    const components = name?.children.find((child) => child.label === 'name-string')?.children ?? []
    if (components.length === 0) return []
    const owner = label === 'cname' ? realm : (valueOf(children, 'realm') ?? realm)
    return [{ text: owner + components.map(({ value = '' }) => value).join(''), of: `${name?.meaning ?? ''}@${owner}` }]
  })
}

function saltOf(principal: string): Salt {
  const { name, realm } = parsePrincipal(principal)
  if (realm === undefined) {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `${principal}: a principal with its realm expected, name@REALM`)
  }
  return { text: new TextDecoder().decode(defaultSalt({ name, realm })), of: principal }
}

function valueOf(children: readonly DecodedNode[], label: string): string | undefined {
  return children.find((child) => child.label === label)?.value
}
