import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mitKdc, PASSWORD } from './peers.js'
import { runProgram } from './programs.js'

/** A folder with a ticket cache in MIT's realm, which MIT's kinit has filled, and the environment that leads to it. */
export class TicketFolder implements Disposable {
  readonly path: string
  /** This process' environment, with the realm and the cache in it, and with no other accounts. */
  readonly env: NodeJS.ProcessEnv

  /**
   * Logs a user of the lab on.
   *
   * @param args - Of kinit; `-f` asks for tickets that can be forwarded.
   */
  static async of(user: string, args: readonly string[] = ['-f']): Promise<TicketFolder> {
    const folder = new TicketFolder()
    const { code, stderr } = await runProgram('kinit', [...args, user], { env: folder.env, input: `${PASSWORD}\n` })
    if (code === 0) return folder
    folder[Symbol.dispose]()
    throw new Error(`kinit ${user}: ${stderr}`)
  }

  /** Without a ticket. */
  static empty(): TicketFolder {
    return new TicketFolder()
  }

  private constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'sspi-tickets-'))
    this.env = {
      ...process.env,
      KRB5_CONFIG: mitKdc().krb5Conf,
      KRB5CCNAME: `FILE:${this.at('cache')}`,
      KRB5RCACHEDIR: this.path,
      NTLM_USER_FILE: undefined,
      NODE_DEBUG: '',
    }
  }

  /** A path in the folder. */
  at(name: string): string {
    return join(this.path, name)
  }

  /** Writes a file that others may not read. @returns its path. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content, { mode: 0o600 })
    return this.at(name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
