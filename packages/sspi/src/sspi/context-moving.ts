import { wipe } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { authenticationId } from './common-attributes.js'
import {
  SECPKG_CONTEXT_EXPORT_DELETE_OLD,
  SECPKG_CONTEXT_EXPORT_RESET_NEW,
  SECPKG_CONTEXT_EXPORT_TO_KERNEL,
} from './constants/index.js'
import type { ExportOptions, ImportOptions } from './context-calls.js'
import { ContextState } from './context-state.js'
import type { SecurityPackage, Session } from './contract.js'
import {
  EXPORT_ID_LENGTH,
  EXPORT_KEY_LENGTH,
  openMovingContext,
  sealMovingContext,
  type MovingContext,
} from './moving.js'
import type { PackageRegistry } from './registry.js'
import type { ReplayCache } from './replay-cache.js'
import type { World } from './world.js'

/** A context on its way for longer than a day has been forgotten, not moved. */
const MAX_EXPORT_SECONDS = 86_400

/** What importing needs of the interface. */
export interface ImportParts {
  readonly registry: PackageRegistry
  readonly world: World
  /** Remembers imports; without one nothing can be imported. */
  readonly imports: ReplayCache | undefined
}

/** Seals an established context for its way. The caller ends it afterwards. */
export function exportContext(state: ContextState, options: ExportOptions, world: World): Uint8Array {
  const { session } = state
  if (state.phase.at !== 'established' || session.export === undefined) {
    throw unsupported(state.package, 'its contexts cannot be exported')
  }
  const { key, lifetimeSeconds = 60, flags = SECPKG_CONTEXT_EXPORT_DELETE_OLD } = options
  checkFlags(state.package, flags)
  // Checked before the keys are in hand, so that nothing has happened when the caller is wrong.
  if (key.length !== EXPORT_KEY_LENGTH) {
    throw new TypeError(`exportSecurityContext: the key has ${key.length} bytes, ${EXPORT_KEY_LENGTH} are needed`)
  }
  if (!(lifetimeSeconds > 0 && lifetimeSeconds <= MAX_EXPORT_SECONDS)) {
    throw new TypeError(`exportSecurityContext: a lifetime of ${lifetimeSeconds} s, at most ${MAX_EXPORT_SECONDS}`)
  }
  const moving: MovingContext = {
    packageName: state.package.info.name,
    mechanism: state.phase.by.info.name,
    side: state.side,
    targetName: state.targetName,
    authenticationId: authenticationId(state, world),
    until: new Date(world.now().getTime() + Math.ceil(lifetimeSeconds * 1000)),
    id: world.random(EXPORT_ID_LENGTH),
    session: session.export(),
  }
  return sealMovingContext(moving, key)
}

/** An export always moves the context: two of one would protect messages by the same key stream. */
function checkFlags(of: SecurityPackage, flags: number): void {
  if ((flags & SECPKG_CONTEXT_EXPORT_RESET_NEW) !== 0) {
    throw unsupported(of, 'a context cannot start over: its keys would protect other messages under the same numbers')
  }
  if ((flags & SECPKG_CONTEXT_EXPORT_TO_KERNEL) !== 0) {
    throw unsupported(of, 'there is no kernel to move a context into')
  }
  if ((flags & ~SECPKG_CONTEXT_EXPORT_DELETE_OLD) !== 0) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `exportSecurityContext: flags 0x${(flags >>> 0).toString(16)}`)
  }
}

/** Opens a sealed context and brings its session to life, once and in time. */
export async function importContext(
  options: ImportOptions,
  parts: ImportParts,
): Promise<{ readonly state: ContextState; readonly session: Session }> {
  const of = parts.registry.require(options.package)
  const moving = openMovingContext(options.blob, options.key)
  try {
    return await takeIn(of, moving, parts)
  } finally {
    wipe(moving.session)
  }
}

async function takeIn(
  of: SecurityPackage,
  moving: MovingContext,
  { registry, world, imports }: ImportParts,
): Promise<{ readonly state: ContextState; readonly session: Session }> {
  if (imports === undefined) throw unsupported(of, 'importing needs a replay cache, and this interface has none')
  if (registry.find(moving.packageName) !== of) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: it is of package '${moving.packageName}'`)
  }
  const by = registry.require(moving.mechanism)
  if (by.importSession === undefined) throw unsupported(by, 'its contexts cannot be imported')
  if (world.now() > moving.until) {
    const until = moving.until.toISOString()
    throw new SspiError('SEC_E_CONTEXT_EXPIRED', `exported context: it could be imported until ${until}`)
  }
  if (!(await isFirst(imports, moving))) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'exported context: it was imported before')
  }
  const session = by.importSession(moving.session, world)
  const state = ContextState.imported(of, by, moving.side, moving.targetName, session)
  state.authenticationId = moving.authenticationId
  return { state, session }
}

/** Fails closed: what may have been imported before is not imported. */
async function isFirst(imports: ReplayCache, { id, until }: MovingContext): Promise<boolean> {
  try {
    return await imports.remember(id, until)
  } catch (cause) {
    if (cause instanceof SspiError) throw cause
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'exported context: what was imported before could not be asked', {
      cause,
    })
  }
}

/** A function that a package does not have. */
export function unsupported(of: SecurityPackage, what: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: ${what}`)
}
