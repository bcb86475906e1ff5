import {
  credSspCredential,
  passwordCredential,
  type AcceptorExchange,
  type InitiatorExchange,
  type SecurityFunctionTable,
} from '../../src/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'

/** Who there is. Certificates are alice's alone. */
export const USERS = ['alice', 'bob', 'carol', 'dave', 'erin'] as const
const WWW = 'HTTP/www.example.test'
const DESKTOP = `TERMSRV/${SERVER}`
/** So few that a context which nobody ended would be missed soon. */
const MAX_HALF_OPEN = 64

/** A domain, and two machines in it: what the contexts of one batch share. */
export interface Place extends AsyncDisposable {
  readonly domain: TestDomain
  readonly client: SecurityFunctionTable
  readonly server: SecurityFunctionTable
  /** Where moved contexts go on. */
  readonly elsewhere: SecurityFunctionTable
}

export function openPlace(): Place {
  const domain = createTestDomain({ users: USERS, services: [WWW, DESKTOP] })
  const machine = (): SecurityFunctionTable =>
    domain.sspi({
      limits: { maxHalfOpen: MAX_HALF_OPEN },
      digest: { realm: 'www.example.test', insecureAllowLegacyLayers: true },
    })
  const [client, server, elsewhere] = [machine(), machine(), machine()]
  return { domain, client, server, elsewhere, [Symbol.asyncDispose]: () => domain[Symbol.asyncDispose]() }
}

/** How a package is used here. */
export interface Kind {
  readonly name: string
  /** What it is asked for by. */
  readonly packageName: string
  /** Whether messages are records: a refused one ends the session. */
  readonly records: boolean
  /** Whether sessions can be moved. */
  readonly exports: boolean
  readonly users: readonly string[]
  client(place: Place, user: string, wrong: boolean): InitiatorExchange
  server(place: Place): AcceptorExchange
}

/** A user without Kerberos. */
const account = ({ domain }: Place, user: string, wrong: boolean) =>
  passwordCredential({
    user: `${domain.netbiosName}\\${user}`,
    password: wrong ? 'wrong' : domain.passwordOf(user),
    packageList: '!kerberos',
  })

/** A user with a realm, for whom there are tickets. */
const principal = ({ domain }: Place, user: string, wrong: boolean) =>
  wrong ? domain.credential(user, 'wrong') : domain.credential(user)

export const KINDS: readonly Kind[] = [
  {
    ...{ name: 'NTLM', packageName: 'NTLM', records: false, exports: true, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({ package: 'NTLM', credentials: account(place, user, wrong), target: WWW }),
    server: ({ server }) => server.accept({ package: 'NTLM' }),
  },
  {
    ...{ name: 'Kerberos', packageName: 'Kerberos', records: false, exports: true, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({ package: 'Kerberos', credentials: principal(place, user, wrong), target: WWW }),
    server: ({ server, domain }) => server.accept({ package: 'Kerberos', credentials: domain.serviceCredential(WWW) }),
  },
  {
    ...{ name: 'Negotiate by Kerberos', packageName: 'Negotiate', records: false, exports: true, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({ package: 'Negotiate', credentials: principal(place, user, wrong), target: WWW }),
    server: ({ server, domain }) => server.accept({ package: 'Negotiate', credentials: domain.serviceCredential(WWW) }),
  },
  {
    ...{ name: 'Negotiate by NTLM', packageName: 'Negotiate', records: false, exports: true, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({ package: 'Negotiate', credentials: account(place, user, wrong), target: WWW }),
    server: ({ server }) => server.accept({ package: 'Negotiate' }),
  },
  {
    ...{ name: 'Digest', packageName: 'WDigest', records: false, exports: true, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({ package: 'WDigest', credentials: account(place, user, wrong), target: WWW }),
    server: ({ server }) => server.accept({ package: 'WDigest' }),
  },
  {
    ...{ name: 'Schannel', packageName: 'Schannel', records: true, exports: false, users: ['alice'] },
    client: ({ client }, _user, wrong) =>
      client.initiate({
        package: 'Schannel',
        credentials: credentialOf(wrong ? 'client-revoked' : 'client'),
        target: SERVER,
      }),
    server: ({ server }) =>
      server.accept({ package: 'Schannel', credentials: credentialOf('server', { mapToAccount: true }) }),
  },
  {
    ...{ name: 'CredSSP', packageName: 'CREDSSP', records: true, exports: false, users: USERS },
    client: (place, user, wrong) =>
      place.client.initiate({
        package: 'CREDSSP',
        credentials: credSspCredential({ identity: principal(place, user, wrong), tls: trusting() }),
        target: DESKTOP,
      }),
    server: ({ server, domain }) =>
      server.accept({
        package: 'CREDSSP',
        credentials: credSspCredential({ identity: domain.serviceCredential(DESKTOP), tls: credentialOf('server') }),
      }),
  },
]
