// Hashes and HMAC (RFC 2104) of the message, with the padding written behind it.
import { INNER_STATE, INPUT, OUTER_STATE, OUTPUT, STATE } from './memory'
import { md5Blocks, md5Start } from './md5'
import { sha1Blocks, sha1Start } from './sha1'
import { sha256Blocks, sha256Start } from './sha256'
import { sha384Start, sha512Blocks } from './sha512'

// The hashes by number.
export const MD5: u32 = 0
export const SHA1: u32 = 1
export const SHA256: u32 = 2
export const SHA384: u32 = 3

/** Bytes that a hash works on at once. */
function blockBytes(hash: u32): usize {
  return hash == SHA384 ? 128 : 64
}

/** Bytes of a digest. */
function digestBytes(hash: u32): usize {
  return hash == MD5 ? 16 : hash == SHA1 ? 20 : hash == SHA256 ? 32 : 48
}

function start(hash: u32, state: usize): void {
  if (hash == SHA1) sha1Start(state)
  else if (hash == SHA384) sha384Start(state)
  else if (hash == SHA256) sha256Start(state)
  else md5Start(state)
}

function compress(hash: u32, state: usize, at: usize, blocks: u32): void {
  if (hash == SHA1) sha1Blocks(state, at, blocks)
  else if (hash == SHA384) sha512Blocks(state, at, blocks)
  else if (hash == SHA256) sha256Blocks(state, at, blocks)
  else md5Blocks(state, at, blocks)
}

/** Hashes what lies there to its end, behind `before` bytes that the state has seen already. Overwrites what is behind it. */
function finish(hash: u32, at: usize, length: usize, before: usize): void {
  const block = blockBytes(hash)
  const end = at + length
  const lengthBytes: usize = block >> 3
  const padded = (length + lengthBytes + block) & ~(block - 1)
  memory.fill(end, 0, padded - length)
  store<u8>(end, 0x80)
  const bits = (<u64>(before + length)) << 3
  store<u64>(at + padded - 8, hash == MD5 ? bits : bswap<u64>(bits))
  compress(hash, STATE, at, <u32>(padded / block))
}

/** Writes the digest that STATE has come to. */
function putDigest(hash: u32, at: usize): void {
  if (hash == MD5) memory.copy(at, STATE, 16)
  else if (hash == SHA384) for (let i: usize = 0; i < 48; i += 8) store<u64>(at + i, bswap<u64>(load<u64>(STATE + i)))
  else {
    const bytes = digestBytes(hash)
    for (let i: usize = 0; i < bytes; i += 4) store<u32>(at + i, bswap<u32>(load<u32>(STATE + i)))
  }
}

/** The digest of some bytes to OUTPUT. */
export function digestOf(hash: u32, at: usize, length: usize): void {
  start(hash, STATE)
  finish(hash, at, length, 0)
  putDigest(hash, OUTPUT)
}

/** Makes the states behind both pads of the key at INPUT, which is no longer than a block. */
export function prepareMac(hash: u32, keyBytes: usize): void {
  const block = blockBytes(hash)
  memory.fill(INPUT + keyBytes, 0, block - keyBytes)
  padInput(block, 0x36)
  start(hash, INNER_STATE)
  compress(hash, INNER_STATE, INPUT, 1)
  padInput(block, 0x36 ^ 0x5c)
  start(hash, OUTER_STATE)
  compress(hash, OUTER_STATE, INPUT, 1)
}

function padInput(bytes: usize, pad: u8): void {
  const pads = i8x16.splat(pad)
  for (let i: usize = 0; i < bytes; i += 16) v128.store(INPUT + i, v128.xor(v128.load(INPUT + i), pads))
}

/** The MAC of some bytes to OUTPUT. */
export function macOf(hash: u32, at: usize, length: usize): void {
  const block = blockBytes(hash)
  memory.copy(STATE, INNER_STATE, 64)
  finish(hash, at, length, block)
  putDigest(hash, INPUT)
  outerMacOf(hash)
}

/** The MAC of which the inner digest is at INPUT, to OUTPUT. */
export function outerMacOf(hash: u32): void {
  memory.copy(STATE, OUTER_STATE, 64)
  finish(hash, INPUT, digestBytes(hash), blockBytes(hash))
  putDigest(hash, OUTPUT)
}
