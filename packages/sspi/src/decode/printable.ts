/** Text of a peer with control characters escaped, so that it cannot steer the terminal it is printed on. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`, // a match is never empty
  )
}
