import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The repository, as seen from the compiled test in `examples/dist/test`. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Why pages' commands cannot be run here; `false` where they can. */
export const noShell = process.platform === 'win32' && 'the commands of the pages are written for a POSIX shell'

/** The commands of a page, block by block, letter by letter. */
export function shellBlocks(page: string): readonly string[] {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, commands = '']) => commands)
}

/** How a block ended. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Options of a {@link Shell}. */
export interface ShellOptions {
  /** A module that the command loads first. Default: none. */
  readonly preload?: string | undefined
  /** The number of the user to run as. Default: this process's. */
  readonly user?: number | undefined
}

/** A folder with the command of the working tree as `sspi` in it, on the `PATH` of what is run; gone after the test. */
export class Shell implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'sspi-pages-'))
  readonly #env: Readonly<Record<string, string>>
  readonly #user: number | undefined

  /** @param env - All of the environment but `PATH`. */
  constructor(env: Readonly<Record<string, string>>, options: ShellOptions = {}) {
    const { preload, user } = options
    chmodSync(this.folder, 0o755)
    const program = join(this.folder, 'sspi')
    const main = join(root, 'packages/sspi-cli/dist/src/main.js')
    const node = [process.execPath, ...(preload === undefined ? [] : ['--import', preload]), main]
    writeFileSync(program, `#!/bin/sh\nexec ${node.map((part) => `'${part}'`).join(' ')} "$@"\n`)
    chmodSync(program, 0o755) // whatever the mask of new files is
    this.#env = { PATH: this.path, ...env }
    this.#user = user
  }

  /** A `PATH` that begins with the command. */
  get path(): string {
    return [this.folder, join(process.execPath, '..'), process.env['PATH'] ?? ''].join(':')
  }

  /** Runs a block to its end; it ends at the first command that fails. */
  async run(block: string): Promise<Outcome> {
    const child = spawn('sh', ['-eu', '-c', block], { cwd: root, env: this.#env, uid: this.#user, gid: this.#user })
    child.stdin.end()
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { code, stdout, stderr }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
