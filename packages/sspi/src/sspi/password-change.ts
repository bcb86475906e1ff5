import { SEC_E_OK, SspiError } from '../status/index.js'
import { Writer } from '../bytes/index.js'
import type { SecBuffer, SecBufferDesc } from './buffer.js'
import { SECBUFFER_CHANGE_PASS_RESPONSE } from './constants/index.js'
import { orAborted } from './context-state.js'
import type { PasswordChange, PasswordPolicy } from './contract.js'
import { splitUserName } from './credential-values.js'
import type { Answer, Driver } from './effects.js'
import type { PackageRegistry } from './registry.js'
import type { World } from './world.js'

/** Options of `changeAccountPassword`. */
export interface ChangeAccountPasswordOptions {
  /** The package's name: `'Kerberos'`, `'NTLM'`, `'Negotiate'`. */
  readonly package: string
  /** The domain or realm of the account. Default: as `accountName` says, else none. */
  readonly domainName?: string | undefined
  /** `alice`, `CONTOSO\alice` or `alice@contoso.com`. */
  readonly accountName: string
  /** The password that is to go. It may have expired. */
  readonly oldPassword: string
  /** The one that is to come. */
  readonly newPassword: string
  /**
   * A `SECBUFFER_CHANGE_PASS_RESPONSE`, into which the policy goes (DOMAIN_PASSWORD_INFORMATION, 24 bytes) when the new
   * password is against it and the server says what it is; else nothing goes there. Without memory it is allocated.
   */
  readonly output?: SecBufferDesc | undefined
  /** Gives up waiting. Whether the password was changed is not known then. */
  readonly signal?: AbortSignal | undefined
}

/** Windows' DOMAIN_PASSWORD_INFORMATION. */
const POLICY_BYTES = 24

/** ChangeAccountPassword: checks the caller's part, and lets the package do it. */
export async function changeAccountPassword(
  options: ChangeAccountPasswordOptions,
  { registry, driver, world }: { readonly registry: PackageRegistry; readonly driver: Driver; readonly world: World },
): Promise<typeof SEC_E_OK> {
  const of = registry.require(options.package)
  if (of.changePassword === undefined) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: it cannot change passwords`)
  }
  const output = responseBuffer(options.output)
  const { user, domain } = splitUserName(options.accountName, options.domainName ?? '')
  const { oldPassword, newPassword, signal } = options
  signal?.throwIfAborted()
  const change = of.changePassword({ user, domain, oldPassword, newPassword, packages: registry }, world)
  try {
    await run(change, driver, output, signal)
    return SEC_E_OK
  } finally {
    change.dispose()
  }
}

async function run(
  change: PasswordChange,
  driver: Driver,
  output: SecBuffer | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  let answer: Answer | undefined
  for (;;) {
    const step = change.step(answer)
    if (step.kind === 'changed') return
    if (step.kind === 'refused') {
      if (output !== undefined && step.policy !== undefined) putPolicy(output, step.policy)
      throw step.error
    }
    signal?.throwIfAborted()
    answer = await orAborted(Promise.resolve(driver.answer(step.ask, signal)), signal)
  }
}

/** The caller's buffer, with nothing in it yet. */
function responseBuffer(output: SecBufferDesc | undefined): SecBuffer | undefined {
  if (output === undefined) return undefined
  const buffer = output.find(SECBUFFER_CHANGE_PASS_RESPONSE)
  const room = buffer?.pvBuffer === undefined ? POLICY_BYTES : Math.min(buffer.cbBuffer, buffer.pvBuffer.length)
  if (buffer === undefined || room < POLICY_BYTES) {
    throw new SspiError(
      'SEC_E_BUFFER_TOO_SMALL',
      `output: a buffer of type SECBUFFER_CHANGE_PASS_RESPONSE with ${POLICY_BYTES} bytes, or without memory, is needed`,
    )
  }
  buffer.cbBuffer = 0
  return buffer
}

/** The structure as it lies in memory on Windows; ages are negative there, as times from now on are. */
function putPolicy(buffer: SecBuffer, policy: PasswordPolicy): void {
  const bytes = new Writer(POLICY_BYTES)
    .u16le(Math.min(policy.minimumLength, 0xffff))
    .u16le(Math.min(policy.historyLength, 0xffff))
    .u32le(policy.properties)
    .u64le(BigInt.asUintN(64, -policy.maximumAge))
    .u64le(BigInt.asUintN(64, -policy.minimumAge))
    .finish()
  if (buffer.pvBuffer === undefined) buffer.pvBuffer = bytes
  else buffer.pvBuffer.set(bytes)
  buffer.cbBuffer = POLICY_BYTES
}
