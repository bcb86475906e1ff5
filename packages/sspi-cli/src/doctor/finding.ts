/** What is looked at, in this order. */
export const CHECKS = [
  'configuration',
  'target',
  'credentials',
  'KDCs',
  'clock',
  'log-on',
  'service ticket',
  'keytab',
  'acceptance',
] as const
/** One of {@link CHECKS}. */
export type CheckName = (typeof CHECKS)[number]

/** One thing that was found. */
export interface Finding {
  readonly check: CheckName
  /** `warning`: it works, but not as it should. `skipped`: something before it failed, or it was not asked for. */
  readonly verdict: 'ok' | 'warning' | 'failed' | 'skipped'
  /** A name that stays: `clock-ahead`. */
  readonly id: string
  /** What is so, in a sentence. */
  readonly what: string
  /** What to do about it; `undefined` where there is nothing to do. */
  readonly advice?: string | undefined
}

/** Findings of one check. */
export type Findings = AsyncGenerator<Finding, void, void>

/** Makes findings of one check. */
export function findingsOf(check: CheckName) {
  return {
    ok: (id: string, what: string): Finding => ({ check, verdict: 'ok', id, what }),
    warning: (id: string, what: string, advice: string): Finding => ({ check, verdict: 'warning', id, what, advice }),
    failed: (id: string, what: string, advice: string): Finding => ({ check, verdict: 'failed', id, what, advice }),
    skipped: (what: string): Finding => ({ check, verdict: 'skipped', id: 'skipped', what }),
  }
}
