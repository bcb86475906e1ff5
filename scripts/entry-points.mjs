/** The entry points of the library, as `packages/sspi/package.json` exports them; run from the root of the workspace. */
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync('packages/sspi/package.json', 'utf8'))

/** `{ name: 'sspi/ntlm', room: 'ntlm', built: 'packages/sspi/dist/…', source: 'packages/sspi/src/…' }`, … */
export const entryPoints = Object.entries(manifest.exports)
  .filter(([subpath]) => subpath !== './package.json')
  .map(([subpath, target]) => {
    const built = target.replace(/^\./, 'packages/sspi')
    return {
      name: `sspi${subpath.slice(1)}`,
      // The main entry point, src/index.ts, is of no room.
      room: /^\.\/dist\/src\/([^/]+)\//.exec(target)?.[1],
      built,
      source: built.replace('/dist/', '/').replace(/\.js$/, '.ts'),
    }
  })
