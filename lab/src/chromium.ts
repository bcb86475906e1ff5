import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { commandOf } from './peers.js'

/** Who a {@link Browser} is, and what it is allowed. */
export interface BrowserOptions {
  /** Its environment, where Kerberos finds its configuration and its tickets. Default: this process'. */
  readonly env?: NodeJS.ProcessEnv
  /** The hosts that it may show its tickets to, `--auth-server-allowlist`. Default: none. */
  readonly negotiateWith?: string
  /** What it types when it is asked, for NTLM and Digest. */
  readonly credentials?: { readonly username: string; readonly password: string }
  /** A forward proxy, for loopback too, and what it types when that one asks. */
  readonly proxy?: { readonly server: string; readonly username?: string; readonly password?: string }
}

/** What a page turned out to be. */
export interface Visit {
  readonly status: number
  /** The text that a reader sees. */
  readonly text: string
}

const PATIENCE_MILLISECONDS = 60_000

/** Chromium without a window, with a profile of its own; every certificate is good enough for it. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext
  readonly #page: Page
  readonly #profile: string

  static async open(options: BrowserOptions = {}): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'sspi-chromium-'))
    try {
      // Chromium for Linux loads GSS-API at its start, and only where its profile has met a Negotiate header before.
      const state = { net: { received_http_auth_negotiate_headers: true } }
      writeFileSync(join(profile, 'Local State'), JSON.stringify(state))
      const context = await launch(profile, options)
      const page = await context.newPage()
      page.setDefaultTimeout(PATIENCE_MILLISECONDS)
      return new Browser(context, page, profile)
    } catch (error) {
      rmSync(profile, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.#context = context
    this.#page = page
    this.#profile = profile
  }

  /** Goes to a page. @throws Error when no page comes. */
  async visit(url: string): Promise<Visit> {
    const response = await this.#page.goto(url)
    if (response === null) throw new Error(`${url}: no answer`)
    return { status: response.status(), text: (await this.#page.locator('body').innerText()).trim() }
  }

  /** Lets the page that it is at send a body, as its scripts would. */
  post(url: string, body: string): Promise<Visit> {
    return this.#page.evaluate(
      async ([where, what]) => {
        const response = await fetch(where!, { method: 'POST', body: what! }) // both are passed below
        return { status: response.status, text: await response.text() }
      },
      [url, body],
    )
  }

  /** A picture of the page, a PNG. */
  async picture(path: string, size?: { readonly width: number; readonly height: number }): Promise<void> {
    if (size !== undefined) await this.#page.setViewportSize(size)
    await this.#page.screenshot({ path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function launch(profile: string, options: BrowserOptions): Promise<BrowserContext> {
  const { env, negotiateWith, credentials, proxy } = options
  // Loaded where it is used: most tests of the lab come without.
  const { chromium } = await import('playwright-core')
  const args = ['--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update']
  if (negotiateWith !== undefined) args.push(`--auth-server-allowlist=${negotiateWith}`)
  return chromium.launchPersistentContext(profile, {
    executablePath: commandOf('chromium'),
    headless: true,
    chromiumSandbox: false, // root has none
    timeout: PATIENCE_MILLISECONDS,
    ignoreHTTPSErrors: true,
    args,
    env: definedOnly(env ?? process.env),
    ...(credentials === undefined ? {} : { httpCredentials: credentials }),
    // Without this word it never sends loopback through a proxy.
    ...(proxy === undefined ? {} : { proxy: { ...proxy, bypass: '<-loopback>' } }),
  })
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
