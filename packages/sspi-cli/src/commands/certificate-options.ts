import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isIPv6 } from 'node:net'
import type { Command } from 'commander'
import { certificateCredential, CREDSSP_NAME, SCHANNEL_NAME, UNISP_NAME, type CertificateCredential } from 'sspi'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import type { Reporter } from '../transfer/reporter.js'

/** What TLS authenticates with: files in PEM. */
export interface CertificateOptions {
  readonly certificate?: string
  readonly key?: string
  readonly ca?: string
}

/** What a client knows of the server's certificate. */
export interface ClientCertificateOptions extends CertificateOptions {
  readonly fingerprint?: string
}

/** Adds the options that say which certificates a side has and trusts. */
export function withCertificates(command: Command, whoseRoots: string): Command {
  return command
    .option(
      '--certificate <file>',
      'with Schannel and CREDSSP: your certificate, and those of its issuers behind it, in PEM',
    )
    .option('--key <file>', 'its private key, in PEM; default: it is in the same file')
    .option('--ca <file>', `with Schannel and CREDSSP: ${whoseRoots}, in PEM`)
}

/** Adds the option by which a client knows a server that no authority vouches for. */
export function withFingerprint(command: Command): Command {
  return command.option(
    '--fingerprint <sha256>',
    'with Schannel and CREDSSP: take the server with this certificate and no other, whatever authority and name are',
  )
}

/** Whether certificates are all that a package authenticates with. */
export function usesCertificates(packageName: string): boolean {
  return packageName === SCHANNEL_NAME || packageName === UNISP_NAME
}

/** Whether certificates make the channel in which a package authenticates by other means. */
export function hasChannel(packageName: string): boolean {
  return packageName === CREDSSP_NAME
}

/** Other packages would pass over these in silence. @throws `CommandError` where any is given. */
export function refuseCertificates({ certificate, key, ca, fingerprint }: ClientCertificateOptions): void {
  if ([certificate, key, ca, fingerprint].every((each) => each === undefined)) return
  throw new CommandError(
    ExitCode.USAGE,
    '--certificate, --key, --ca and --fingerprint go with --package Schannel and --package CREDSSP',
  )
}

/** A client's credential: without `--ca` and `--fingerprint` the server's certificate has to come from a public authority. */
export async function clientCertificates(options: ClientCertificateOptions): Promise<CertificateCredential> {
  const { fingerprint } = options
  return certificateCredential({
    identity: await readIdentity(options),
    roots: await readRoots(options),
    fingerprints: fingerprint === undefined ? undefined : [fingerprintOf(fingerprint)],
  })
}

/** As `openssl x509 -fingerprint` prints it, with its label or without. */
function fingerprintOf(text: string): string {
  const digits = text.replace(/^sha256(?: fingerprint)?[=:]/i, '').replaceAll(':', '')
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits
  throw new CommandError(ExitCode.USAGE, `--fingerprint ${text}: a SHA-256 of 64 hexadecimal digits is expected`)
}

/** A server's credential: with `--ca` clients need a certificate; without `--certificate` one is made, and told. */
export async function serverCertificates(
  options: CertificateOptions,
  host: string,
  reporter: Reporter,
): Promise<CertificateCredential> {
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
  const identity = await authority.issueServer(names)
  const [fingerprint, serverFingerprint] = [authority.root, identity.certificate].map(
    (certificate) => new X509Certificate(certificate).fingerprint256,
  )
  const about = `made a certificate for ${names.join(', ')}, good for a day; clients take it by --fingerprint`
  const words = `${about} ${serverFingerprint}, or this one as --ca (SHA-256 ${fingerprint}):\n${authority.root}`
  reporter.event('certificate', { names, fingerprint, serverFingerprint, ca: authority.root }, words)
  return identity
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/** By which names clients may ask for a server that listens there. */
function namesOf(host: string): readonly string[] {
  const here = ['localhost', isIPv6(host) ? '::1' : '127.0.0.1']
  if (EVERY_ADDRESS.has(host)) return [hostname(), ...here]
  return LOOPBACK.has(host) ? here : [host]
}
