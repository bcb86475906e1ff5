import { initSecurityInterface, keytabCredential, type KeytabCredential, type SecurityFunctionTable } from 'sspi'
import { embeddedKdc, memoryPrincipals, type KdcEvent } from 'sspi/kdc'
import type { Narrator } from './narrator.js'
import { BACKEND, DEMO_REALM, DEMO_USER } from './scenarios.js'

/** A Kerberos realm within this process, without a port. */
export interface DemoRealm extends Disposable {
  /** A security interface of a member of the realm: it knows the way to the KDC. */
  member(): SecurityFunctionTable
  /** The keys of one of the realm's services. */
  keysOf(service: string): Promise<KeytabCredential>
}

/** A KDC that knows the demo's user, its server, and a service behind that. What the KDC does is told. */
export function createDemoRealm(targetName: string, narrator: Narrator): DemoRealm {
  const principals = memoryPrincipals({
    realm: DEMO_REALM,
    entries: [
      { name: DEMO_USER.user, password: DEMO_USER.password },
      { name: targetName, attributes: { okAsDelegate: true } },
      { name: BACKEND },
    ],
  })
  const kdc = embeddedKdc({ realm: DEMO_REALM, principals, onEvent: (event) => tell(event, narrator) })
  const kerberos = { defaultRealm: DEMO_REALM, realms: new Map([[DEMO_REALM, {}]]), forwardable: true }
  return {
    member: () => initSecurityInterface({ kdc: kdc.sender, kerberos }),
    keysOf: async (service) => keytabCredential({ keytab: await principals.keytab(service) }),
    [Symbol.dispose]: () => {
      principals.dispose()
    },
  }
}

function tell(event: KdcEvent, narrator: Narrator): void {
  if (event.kind === 'ticket-issued') {
    narrator.say(`KDC of ${DEMO_REALM}, ${event.exchange} exchange`, `a ticket for ${event.server} to ${event.client}`)
  } else if (event.kind === 'request-refused') {
    narrator.say(`KDC of ${DEMO_REALM}, ${event.exchange} exchange`, event.reason)
  }
}
