import { saysYes } from '../sspi/index.js'

/** Options of {@link negotiatePackage}. Everything has a safe default. */
export interface NegotiateOptions {
  /**
   * Targets for which a mechanism of last resort (NTLM) is offered even though a better one (Kerberos) applies: patterns
   * such as `HTTP/*.example.com`, or a function of the target's name. In a pattern `*` stands for any characters but
   * `/`; case does not count. Whoever can keep a client from its KDC makes it use the weaker one there, which the event
   * `mechanism-passed-over` tells. Default: none.
   */
  readonly insecureAllowNtlmFallback?: readonly string[] | ((targetName: string) => boolean) | undefined
  /** How many mechanisms a peer may list. Default 64. */
  readonly maxMechTypes?: number | undefined
}

/** Whether a target's name is one of those that the option names. */
export function fallbackAllowed(option: NegotiateOptions['insecureAllowNtlmFallback'], targetName: string): boolean {
  if (option === undefined) return false
  if (typeof option === 'function') return saysYes('Negotiate: insecureAllowNtlmFallback', () => option(targetName))
  return option.some((pattern) => asExpression(pattern).test(targetName))
}

function asExpression(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^/]*')}$`, 'i')
}
