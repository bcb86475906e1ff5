import { styleText } from 'node:util'

/** Colours for one stream; none where it is not a terminal, or where `NO_COLOR` is set. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

/** The colours that a stream can show. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  const { NO_COLOR: noColor = '' } = process.env
  const coloured = stream.isTTY && noColor === '' && stream.hasColors()
  const paint =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      coloured ? styleText(format, text) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}

/** For what is told in a sentence, out of which control characters are taken. */
export const noColours: Style = {
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
  cyan: (text) => text,
}
