import type {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTINUE_NEEDED,
} from '../status/index.js'
import type { SecBufferDesc } from './buffer.js'
import type { Side } from './events.js'
import type { CredHandle, CtxtHandle } from './handles.js'
import type { Policy } from './world.js'

/** What both sides' calls have in common. */
export interface StepOptions {
  /** The context of the call before; none on the first call. */
  readonly context?: CtxtHandle | undefined
  /** Where the token for the peer goes: a `SECBUFFER_TOKEN`. Without memory, or with `…_ALLOCATE_MEMORY`, it is allocated. */
  readonly output: SecBufferDesc
  /** Gives up waiting (for an account database, a KDC, …): the call rejects with the signal's reason, and the context is over. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `initializeSecurityContext`. */
export interface InitializeSecurityContextOptions extends StepOptions {
  /** Needed on the first call; on later ones it may be left out. */
  readonly credential?: CredHandle | undefined
  /** The service to reach, `HTTP/www.example.com`. Default: none named. Counts on the first call. */
  readonly targetName?: string | undefined
  /** `ISC_REQ_…`. Counts on the first call (`ISC_REQ_ALLOCATE_MEMORY` on each). */
  readonly contextReq: number
  /** The server's token in a `SECBUFFER_TOKEN`, `SECBUFFER_CHANNEL_BINDINGS`, a `SECBUFFER_EMPTY` for what is left over. */
  readonly input?: SecBufferDesc | undefined
}

/** Options of `acceptSecurityContext`. */
export interface AcceptSecurityContextOptions extends StepOptions {
  /** Needed on the first call; on later ones it may be left out. */
  readonly credential?: CredHandle | undefined
  /** The client's token, bindings, a `SECBUFFER_EMPTY` for what is left over. Only a datagram server starts without. */
  readonly input?: SecBufferDesc | undefined
  /** `ASC_REQ_…`. Counts on the first call (`ASC_REQ_ALLOCATE_MEMORY` on each). */
  readonly contextReq: number
  /** What this server demands, where it is something else than the interface's policy. Counts on the first call. Default: nothing else. */
  readonly policy?: Partial<Policy> | undefined
}

/** The statuses of a step that went well. */
export type StepStatus =
  typeof SEC_E_OK | typeof SEC_I_CONTINUE_NEEDED | typeof SEC_I_COMPLETE_NEEDED | typeof SEC_E_INCOMPLETE_MESSAGE

/** Result of `initializeSecurityContext` and `acceptSecurityContext`. */
export interface ContextStep {
  /**
   * `SEC_E_OK`: the context stands; send the token if there is one. `SEC_I_CONTINUE_NEEDED`: send it and come back with
   * the answer. `SEC_I_COMPLETE_NEEDED`: call `completeAuthToken` before sending. `SEC_E_INCOMPLETE_MESSAGE`: come back with more input.
   */
  readonly status: StepStatus
  /** The context, new or as it was given. */
  readonly context: CtxtHandle
  /** `ISC_RET_…` or `ASC_RET_…`: what has been achieved so far. */
  readonly contextAttr: number
  /** Until when it is good. */
  readonly expiry: Date
}

/** Options of `exportSecurityContext`. */
export interface ExportOptions {
  /** 32 bytes that only those know who may import. */
  readonly key: Uint8Array
  /** How long the blob can be imported, in seconds, at most a day. Default 60. */
  readonly lifetimeSeconds?: number | undefined
  /**
   * `SECPKG_CONTEXT_EXPORT_DELETE_OLD`: the context ends here, as it always does. The other flags of Windows are refused. Default:
   * the same.
   */
  readonly flags?: number | undefined
}

/** Options of `importSecurityContext`. */
export interface ImportOptions {
  /** The package that the context was made with. */
  readonly package: string
  /** What was exported. */
  readonly blob: Uint8Array
  /** The key of the export. */
  readonly key: Uint8Array
}

/** Result of `importSecurityContext`. */
export interface ImportedContext {
  /** The context, as if it had been established here. */
  readonly context: CtxtHandle
  /** Which side of its exchange the context was. */
  readonly side: Side
  /** `ISC_RET_…` or `ASC_RET_…`. */
  readonly contextAttr: number
  /** Until when it is good. */
  readonly expiry: Date
}
