import { filesOf, ROOT } from '../../schannel/certificates.js'

/** How long, in bytes. */
export const LONG = 40 * 1024

/** A certificate in PEM, followed by the root so often that the whole has 40 KB: nobody refuses what is of no use. */
export function longChainOf(name: string): string {
  const { certificate = '' } = filesOf(name)
  const bytes = Buffer.from(ROOT.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').length
  return certificate + ROOT.repeat(Math.ceil(LONG / bytes))
}

/** Lets turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed++) await new Promise((resolve) => setImmediate(resolve))
}
