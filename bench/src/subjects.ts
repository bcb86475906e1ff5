import { join } from 'node:path'
import type { DigestAlgorithmName } from 'sspi/digest'
import type { Figures, GssbenchRun, Workshop } from './gssbench.js'
import { httpSubjects } from './http-figures.js'
import { mitKdcFigures, ourKdcFigures } from './kdc-figures.js'
import { nodeTlsFigures } from './node-tls.js'
import { digestPair, passwordPair, ticketPair } from './ours.js'
import { pairFigures } from './pair-figures.js'
import { schannelFigures } from './schannel.js'
import type { Subject } from './subject.js'
import { TLS_SUITES, type TlsSuite } from './tls-pair.js'

const SHA1 = 'aes256-cts-hmac-sha1-96'
const SHA2 = 'aes256-cts-hmac-sha384-192'
const MIT = 'MIT krb5'
const NONE: Figures = new Map()

/** Everything that can be measured here. */
export function subjects(workshop: Workshop | string): readonly Subject[] {
  const withPasswords = [
    ntlmSubject('NTLM', 'NTLM', 'ntlm', true),
    ntlmSubject('Negotiate with NTLM', 'Negotiate', 'spnego-ntlm', false),
    digestSubject('SHA-256'),
    digestSubject('MD5'),
    ...TLS_SUITES.map(schannelSubject),
  ]
  // Without a KDC there are no tickets to measure with, on either side.
  if (typeof workshop === 'string' || workshop.realm !== true) return withPasswords
  const { folder } = workshop
  return [
    ...withPasswords,
    kerberosSubject('Kerberos', 'Kerberos', 'krb5', folder, SHA1, true),
    kerberosSubject('Kerberos, sha2', 'Kerberos', 'krb5', folder, SHA2, true),
    kerberosSubject('Negotiate with Kerberos', 'Negotiate', 'spnego', folder, SHA1, false),
    kdcSubject(folder),
    ...httpSubjects(workshop),
  ]
}

function ntlmSubject(name: string, packageName: string, mech: GssbenchRun['mech'], messages: boolean): Subject {
  return {
    name,
    peer: 'gss-ntlmssp',
    ours: async (seconds) => pairFigures(await passwordPair(packageName), seconds, messages),
    theirs: (workshop, seconds) => workshop?.gssbench({ mech, tests: testsOf(messages), seconds }) ?? NONE,
  }
}

/** A request that is signed and accepted. A web server's figure would be one of its HTTP, so that there is no peer. */
function digestSubject(algorithm: DigestAlgorithmName): Subject {
  return {
    name: `Digest of a request, ${algorithm}`,
    peer: '',
    ours: async (seconds) => pairFigures(await digestPair(algorithm), seconds, false),
    theirs: () => NONE,
  }
}

function schannelSubject(suite: TlsSuite): Subject {
  return {
    name: `Schannel, ${suite.name}`,
    peer: 'node:tls over a socket',
    ours: (seconds) => schannelFigures(suite, seconds),
    theirs: (_, seconds) => nodeTlsFigures(suite, seconds),
  }
}

function kerberosSubject(
  name: string,
  packageName: string,
  mech: GssbenchRun['mech'],
  folder: string,
  enctype: string,
  messages: boolean,
): Subject {
  return {
    name,
    peer: MIT,
    ours: async (seconds) => pairFigures(await ticketPair(packageName, folder, enctype), seconds, messages),
    theirs: (workshop, seconds) =>
      workshop?.gssbench({
        mech,
        tests: testsOf(messages),
        seconds,
        // In its best form: tickets in memory, and no replay cache. Ours keeps its replay cache, in memory.
        args: ['--ccache', 'memory', '--service', `svc-${enctype}@localhost`],
        env: {
          GSS_MECH_CONFIG: '/dev/null', // without the NTLM plug-in
          KRB5_CONFIG: join(folder, `${enctype}.conf`),
          KRB5CCNAME: `FILE:${join(folder, `${enctype}.cc`)}`,
          KRB5_KTNAME: `FILE:${join(folder, 'service.keytab')}`,
          KRB5RCACHENAME: 'none:',
        },
      }) ?? NONE,
  }
}

function kdcSubject(folder: string): Subject {
  return {
    name: 'KDC',
    peer: 'krb5kdc',
    ours: (seconds) => ourKdcFigures(folder, seconds),
    theirs: (_, seconds) => mitKdcFigures(folder, join(folder, `${SHA1}.conf`), seconds),
  }
}

function testsOf(messages: boolean): string {
  return messages ? 'ctx,wrap,mic' : 'ctx'
}
