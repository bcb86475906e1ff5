import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isIPv6 } from 'node:net'
import type { Command } from 'commander'
import { certificateCredential, SCHANNEL_NAME, UNISP_NAME, type CredentialValue } from 'sspi'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import type { Reporter } from '../transfer/reporter.js'

/** What TLS authenticates with: files in PEM. */
export interface CertificateOptions {
  readonly certificate?: string
  readonly key?: string
  readonly ca?: string
}

/** Adds the options that say which certificates a side has and trusts. */
export function withCertificates(command: Command, whoseRoots: string): Command {
  return command
    .option('--certificate <file>', 'with Schannel: your certificate, and those of its issuers behind it, in PEM')
    .option('--key <file>', 'its private key, in PEM; default: it is in the same file')
    .option('--ca <file>', `with Schannel: ${whoseRoots}, in PEM`)
}

/** Whether certificates are what a package authenticates with. */
export function usesCertificates(packageName: string): boolean {
  return packageName === SCHANNEL_NAME || packageName === UNISP_NAME
}

/** Other packages would pass over these in silence. @throws `CommandError` where any is given. */
export function refuseCertificates({ certificate, key, ca }: CertificateOptions): void {
  if ([certificate, key, ca].every((each) => each === undefined)) return
  throw new CommandError(ExitCode.USAGE, '--certificate, --key and --ca go with --package Schannel')
}

/** A client's credential: without `--ca` the server's certificate has to come from a public authority. */
export async function clientCertificates(options: CertificateOptions): Promise<CredentialValue> {
  return certificateCredential({ identity: await readIdentity(options), roots: await readRoots(options) })
}

/** A server's credential: with `--ca` clients need a certificate; without `--certificate` one is made, and told. */
export async function serverCertificates(
  options: CertificateOptions,
  host: string,
  reporter: Reporter,
): Promise<CredentialValue> {
  const roots = await readRoots(options)
  const identity = (await readIdentity(options)) ?? (await makeIdentity(host, reporter))
  return certificateCredential({ identity, roots, requireClientCertificate: roots !== undefined })
}

interface FileIdentity {
  readonly certificate: string
  readonly privateKey: string
}

async function readIdentity({ certificate: path, key }: CertificateOptions): Promise<FileIdentity | undefined> {
  if (path === undefined) {
    if (key === undefined) return undefined
    throw new CommandError(ExitCode.USAGE, '--key goes with --certificate: it is the key of one')
  }
  return { certificate: await readFile(path, 'utf8'), privateKey: await readFile(key ?? path, 'utf8') }
}

async function readRoots({ ca }: CertificateOptions): Promise<string | undefined> {
  return ca === undefined ? undefined : readFile(ca, 'utf8')
}

/** Its key is in this process only, and so is its authority's, whose certificate clients are to be given. */
async function makeIdentity(host: string, reporter: Reporter): Promise<FileIdentity> {
  const { createAuthority } = await import('../certificates/authority.js')
  const authority = await createAuthority()
  const names = namesOf(host)
  const { fingerprint256: fingerprint } = new X509Certificate(authority.root)
  const about = `made a certificate for ${names.join(', ')}, good for a day; clients take this one as --ca`
  const words = `${about} (SHA-256 ${fingerprint}):\n${authority.root}`
  reporter.event('certificate', { names, fingerprint, ca: authority.root }, words)
  return authority.issueServer(names)
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/** By which names clients may ask for a server that listens there. */
function namesOf(host: string): readonly string[] {
  const here = ['localhost', isIPv6(host) ? '::1' : '127.0.0.1']
  if (EVERY_ADDRESS.has(host)) return [hostname(), ...here]
  return LOOPBACK.has(host) ? here : [host]
}
