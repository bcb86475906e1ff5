/** A table with aligned columns; the headings are its first row. Cells are plain text; `paint` colours a whole line. */
export function formatTable(
  rows: readonly (readonly string[])[],
  paint: (line: string, row: number) => string = (line) => line,
): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows
    .map((row, at) => {
      const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
      return `${paint(cells.join('  ').trimEnd(), at)}\n`
    })
    .join('')
}
