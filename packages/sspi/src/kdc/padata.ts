import type { KdcReq } from '../kerberos/index.js'

/** The first PA-DATA of a type. */
export function paDataOf({ padata }: Pick<KdcReq, 'padata'>, type: number): Uint8Array | undefined {
  return padata?.find(({ padataType }) => padataType === type)?.padataValue
}
