import type { DecodedNode } from 'sspi/decode'
import type { Style } from './style.js'

/** How a tree is drawn. */
export interface TreeOptions {
  readonly style: Style
  /** Whether long values are shown in full. */
  readonly full: boolean
}

/** Longer values are cut, and longer meanings go below their node. */
const SHORT = 64
const WRAP = 88

/** A decoded token as lines: offset in hexadecimal, length, then the field, indented by its depth. */
export function formatTree(node: DecodedNode, options: TreeOptions, depth = 0): string {
  const { style } = options
  const indent = '  '.repeat(depth)
  const place = `${node.offset.toString(16).padStart(4, '0')} ${String(node.length).padStart(5)}  `
  const below = (text: string): string => `${' '.repeat(place.length)}${indent}    ${text}\n`
  let line = `${style.dim(place)}${indent}${node.children.length > 0 ? style.bold(node.label) : node.label}`
  const later: string[] = []
  if (node.value?.includes('\n') === true) later.push(...node.value.split('\n'))
  else if (node.value !== undefined) line += `  ${style.cyan(shortened(node.value, options.full))}`
  const meaning = node.meaning ?? ''
  if (meaning.length > SHORT) later.push(...wrapped(meaning))
  else if (meaning !== '') line += `  ${style.green(meaning)}`
  if (node.error !== undefined) line += `  ${style.red(`! ${node.error}`)}`
  const children = node.children.map((child) => formatTree(child, options, depth + 1))
  return `${line}\n${later.map(below).join('')}${children.join('')}`
}

function shortened(value: string, full: boolean): string {
  return full || value.length <= SHORT ? value : `${value.slice(0, SHORT)}… (${value.length} digits, --full shows them)`
}

/** Words in lines of a bearable length. */
function wrapped(text: string): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? ''
    if (last !== '' && last.length + 1 + word.length > WRAP) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
