/** One figure of ours beside the peer's, both from the same run. */
export interface Result {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the peer is; `undefined` where there is none here. */
  readonly peer: string | undefined
  readonly peerValue: number | undefined
  /** Ours by the peer's: above 1, ours is better. */
  readonly ratio: number | undefined
}

/** Puts a figure beside the peer's. Both are rates, so more is better. */
export function compare(
  name: string,
  value: number,
  unit: string,
  peer: string,
  peerValue: number | undefined,
): Result {
  if (peerValue === undefined) return { name, value, unit, peer: undefined, peerValue: undefined, ratio: undefined }
  return { name, value, unit, peer, peerValue, ratio: value / peerValue }
}

/** The results as a table for people. */
export function table(results: readonly Result[]): string {
  const rows = results.map((each) => [
    each.name,
    format(each.value),
    each.unit,
    each.peer ?? '-',
    each.peerValue === undefined ? '-' : format(each.peerValue),
    each.ratio === undefined ? '-' : each.ratio.toFixed(2),
  ])
  const head = ['what', 'ours', 'unit', 'peer', "peer's", 'ratio']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
