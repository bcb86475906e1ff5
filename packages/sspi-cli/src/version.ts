import { createRequire } from 'node:module'

/** The version of this package. */
export function programVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../package.json')
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : ''
  return String(version)
}
