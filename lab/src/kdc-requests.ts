import assert from 'node:assert/strict'
import type { CredentialValue } from 'sspi'
import { decodeDer, readKdcReq, type KdcReq, type KerberosOptions } from 'sspi/kerberos'
import { kdcSender, loadKrb5Conf } from 'sspi/krb5'
import { ourSide } from './ours.js'

/** A realm of the lab, as its clients know it. */
export interface LabRealm {
  readonly realm: string
  /** The path of a krb5.conf with the realm. */
  readonly krb5Conf: string
  /** The path of a keytab with all services. */
  readonly keytab: string
}

/** What our client asked of the KDC on its way to its first token. */
export async function requestsOf(
  { krb5Conf }: LabRealm,
  credentials: CredentialValue,
  kerberos: KerberosOptions,
  target = 'HTTP/localhost',
): Promise<readonly KdcReq[]> {
  const krb5 = await loadKrb5Conf(krb5Conf)
  const send = kdcSender({ config: krb5 })
  const requests: KdcReq[] = []
  const table = ourSide({
    krb5,
    kerberos,
    kdc: (query, signal) => {
      requests.push(decodeDer(query.request, readKdcReq))
      return send(query, signal)
    },
  })
  using client = table.initiate({ package: 'Kerberos', target, credentials })
  const { token } = await client.step()
  assert.ok(token !== undefined)
  return requests
}

/** The types of PA-DATA of the requests of a kind, of one user where one is named. */
export function padataTypesOf(
  requests: readonly KdcReq[],
  msgType: number,
  user?: string,
): readonly (readonly number[])[] {
  return requests
    .filter((request) => request.msgType === msgType)
    .filter(({ reqBody }) => user === undefined || reqBody.cname?.nameString[0] === user)
    .map(({ padata = [] }) => padata.map(({ padataType }) => padataType))
}
