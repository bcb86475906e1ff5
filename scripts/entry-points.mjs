/** The entry points of the packages, as their manifests export them; run from the root of the workspace. */
import { existsSync, readFileSync } from 'node:fs'

/** `{ name: 'sspi/ntlm', room: 'ntlm', built: 'packages/sspi/dist/…', source: 'packages/sspi/src/…' }`, … of the library. */
export const entryPoints = entryPointsOf('sspi')

/** Those of the packages that extend the library. */
export const extensionEntryPoints = entryPointsOf('sspi-spake')

function entryPointsOf(name) {
  const path = `packages/${name}/package.json`
  // A tree without the extension has none of its entry points: so are those of this check's own tests.
  if (!existsSync(path)) return []
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  return Object.entries(manifest.exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, target]) => {
      const built = target.replace(/^\./, `packages/${name}`)
      return {
        name: `${name}${subpath.slice(1)}`,
        // The main entry point, src/index.ts, is of no room; extensions have none.
        room: name === 'sspi' ? /^\.\/dist\/src\/([^/]+)\//.exec(target)?.[1] : undefined,
        built,
        source: built.replace('/dist/', '/').replace(/\.js$/, '.ts'),
      }
    })
}
