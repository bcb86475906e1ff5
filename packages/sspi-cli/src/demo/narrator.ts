import type { DecodedNode } from 'sspi/decode'
import type { Style } from '../terminal/style.js'

/** One token on its way. */
export interface Leg {
  /** Counted from 1. */
  readonly number: number
  readonly from: 'client' | 'server'
  readonly token: DecodedNode
  /** What is known to be in it where it is encrypted. */
  readonly within?: string | undefined
}

/** Who tells what happens in a demo. */
export interface Narrator {
  /** A package's turn. */
  package(name: string, comment: string): void
  /** The beginning of one of the five procedures. */
  procedure(number: number, title: string): void
  /** A call or an observation; `outcome` is what came of it. */
  say(text: string, outcome?: string): void
  leg(leg: Leg): void
  failed(message: string): void
}

/** Says nothing: for `--json`. */
export const noNarrator: Narrator = {
  package: () => undefined,
  procedure: () => undefined,
  say: () => undefined,
  leg: () => undefined,
  failed: () => undefined,
}

/** Tells it on the standard output. */
export function terminalNarrator(style: Style): Narrator {
  const line = (text: string): void => void process.stdout.write(`${text}\n`)
  return {
    package: (name, comment) => line(`\n${style.bold(name)}  ${style.dim(comment)}`),
    procedure: (number, title) => line(`\n  ${style.cyan(String(number))} ${style.bold(title)}`),
    say: (text, outcome) => line(`    ${text}${outcome === undefined ? '' : `  ${style.green(outcome)}`}`),
    leg: ({ number, from, token, within }) => {
      const arrow = from === 'client' ? 'client → server' : 'client ← server'
      line(
        `    ${style.yellow(arrow)}  leg ${number}, ${token.length} bytes  ${summary(token)}${within === undefined ? '' : ` > ${within}, encrypted`}`,
      )
      for (const detail of details(token)) line(style.dim(`        ${detail}`))
    },
    failed: (message) => line(`    ${style.red(message)}`),
  }
}

/** The tokens inside one another: `SPNEGO NegTokenInit > NTLM NEGOTIATE`. */
function summary(node: DecodedNode): string {
  const own = node.label.replace(/^[a-zA-Z]+: /, '')
  const inner = nestedToken(node)
  return inner === undefined ? own : `${own} > ${summary(inner)}`
}

function nestedToken(node: DecodedNode): DecodedNode | undefined {
  for (const child of node.children) {
    const found = /^(inner)?token: /i.test(child.label) ? child : nestedToken(child)
    if (found !== undefined) return found
  }
  return undefined
}

/** The fields that tell most about a token, in a few lines. */
const TELLING: ReadonlySet<string> = new Set([
  'cipher_suite',
  'supported_versions',
  'server_name',
  'certificate',
  'mechType',
  'negState',
  'TargetName',
  'ServerChallenge',
  'MsvAvDnsComputerName',
  'UserName',
  'DomainName',
  'MsvAvTargetName',
  'NTProofStr',
  'MIC',
  'mechListMIC',
])

function details(node: DecodedNode): readonly string[] {
  const own = TELLING.has(node.label) ? [`${node.label}: ${[node.value, node.meaning].filter(Boolean).join(', ')}`] : []
  return [...own, ...node.children.flatMap(details)]
}
