import type { Keyring } from './keyring.js'

/** One part of a token, with the parts that it is made of. A tree of plain values, fit for `JSON.stringify`. */
export interface DecodedNode {
  /** The field's name as its specification spells it. */
  readonly label: string
  /** Where the part begins, in bytes from the start of the token. */
  readonly offset: number
  /** How many bytes it takes. */
  readonly length: number
  /** The field's content: text where it is text, a number in the notation it is known by, hexadecimal digits otherwise. */
  readonly value?: string | undefined
  /** What the value stands for: names of flags and object identifiers, a time in ISO 8601, … */
  readonly meaning?: string | undefined
  /** What is wrong with the part. What could be read of it is in the children all the same. */
  readonly error?: string | undefined
  /** What it is made of, in the order of the bytes. */
  readonly children: readonly DecodedNode[]
}

/** What may be said of a part beyond its name and place. */
export type About = Partial<Pick<DecodedNode, 'value' | 'meaning' | 'error' | 'children'>>

/** One kind of token. Adding a protocol is adding one of these to the table. */
export interface TokenDecoder {
  /** What the token is called: `'NTLM CHALLENGE'`, `'SPNEGO'`. */
  readonly name: string
  /** Whether these bytes are of this kind, by their first few. Cheap, and never throws. */
  recognises(bytes: Uint8Array): boolean
  /**
   * Takes the token apart. Bytes that do not parse become nodes with an `error`; an `SspiError` that is thrown all the
   * same becomes one as well.
   */
  decode(bytes: Uint8Array, scope: Scope): DecodedNode
}

/** What decoders work with: it knows where in the token a view lies, and how to decode a token inside a token. */
export interface Scope {
  /** A node for a view of the token. */
  node(label: string, bytes: Uint8Array, about?: About): DecodedNode
  /** A node whose value is the bytes in hexadecimal. */
  hex(label: string, bytes: Uint8Array, meaning?: string): DecodedNode
  /**
   * A node whose children `fill` pushes one by one. When it throws an `SspiError`, the children so far stay, and a
   * child named after the failure covers what is left.
   */
  collect(label: string, bytes: Uint8Array, fill: (children: DecodedNode[]) => About | undefined): DecodedNode
  /** What encrypted parts are opened with, and what says whether keys are shown. */
  readonly keyring: Keyring
  /**
   * A part that is no token of its own, but can hold the likes of itself: it is decoded one level further down, so that depth
   * stays bounded.
   */
  deeper(label: string, bytes: Uint8Array, decode: (scope: Scope) => DecodedNode): DecodedNode
  /**
   * Bytes that are not in the token, such as what was decrypted: offsets count from their first byte. Where keys are not
   * shown, nothing in there is shown that is not understood.
   */
  apart(
    label: string,
    bytes: Uint8Array,
    decode: (label: string, bytes: Uint8Array, scope: Scope) => DecodedNode,
  ): DecodedNode
  /** A token inside the token, by whichever decoder recognises it. */
  nested(label: string, bytes: Uint8Array): DecodedNode
}
