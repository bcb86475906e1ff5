/** Text of the network, for a message: short, and without control characters. */
export function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
}
