import { toHex } from '../bytes/index.js'
import { md5 } from '../crypto/index.js'
import { hashChannelBindings, SspiError, type ChannelBindings, type Policy } from '../sspi/index.js'
import type { BoundDirectives, DigestResponse } from './messages/index.js'
import { UPGRADED } from './nonces.js'
import { bytesOf, shown, textOf, utf8Octets } from './octets.js'

// Channel bindings and the service's name, MS-DPSP 2.1 and draft-santesson-digestbind-01: they stand in directives of their own,
// and a hash of them stands in the client's nonce, which the response covers.

const HASHED = 'service-name,channel-binding'
const NO_BINDING = '0'.repeat(32)
/** Of no other form: the hash over both does not tell where the one ends and the other begins. */
const BINDING = /^[0-9a-f]{32}$/i

/** What a client binds its response to; `undefined` where the server does not understand it, or there is nothing to say. */
export function boundDirectives(
  serverNonce: string,
  service: string,
  bindings: ChannelBindings | undefined,
): BoundDirectives | undefined {
  if (!serverNonce.startsWith('+Upgraded+') || (service === '' && bindings === undefined)) return undefined
  return {
    hashedDirs: HASHED,
    serviceName: utf8Octets(service),
    channelBinding: bindings === undefined ? NO_BINDING : toHex(hashChannelBindings(bindings)),
  }
}

/** A client's nonce: random, behind the hash of what the response is bound to. Octets. */
export function clientNonce(bound: BoundDirectives | undefined, random: Uint8Array): string {
  return bound === undefined ? toHex(random) : UPGRADED + boundHash(bound) + toHex(random)
}

/** A client's word on its channel and its service, out of what its proof covers. */
export interface ClaimedBinding {
  /** Octets; empty when it names no service. */
  readonly service: string
  /** 32 hexadecimal digits; `undefined` when it has no channel. */
  readonly channel: string | undefined
}

/**
 * What a response is bound to; `undefined` when its client does not say. To be asked when the response is proven.
 *
 * @throws `SspiError` `SEC_E_MESSAGE_ALTERED` when the directives are not those that the client's nonce holds the hash of.
 */
export function claimedBinding({ use, bound }: DigestResponse): ClaimedBinding | undefined {
  const says = use?.cnonce.startsWith(UPGRADED) ?? false
  if (!says && bound === undefined) return undefined
  if (
    bound?.hashedDirs !== HASHED ||
    !BINDING.test(bound.channelBinding) ||
    !(use?.cnonce.startsWith(UPGRADED + boundHash(bound)) ?? false)
  ) {
    throw new SspiError(
      'SEC_E_MESSAGE_ALTERED',
      'Digest: service-name and channel-binding are not those that the client made its nonce of',
    )
  }
  return { service: bound.serviceName, channel: bound.channelBinding === NO_BINDING ? undefined : bound.channelBinding }
}

/**
 * Extended protection, the channel: whether the client's channel is this one.
 *
 * @param own - what the acceptor was given; without bindings of its own it cannot compare.
 * @param required - whether the caller requires them, whatever the policy says.
 * @returns whether the client sent any.
 * @throws `SspiError` `SEC_E_BAD_BINDINGS` when they differ, or are missing and required.
 */
export function checkChannel(
  claimed: ClaimedBinding | undefined,
  own: ChannelBindings | undefined,
  policy: Policy,
  required: boolean,
): boolean {
  const channel = claimed?.channel
  if (own === undefined || (policy.channelBindings === 'none' && !required)) return channel !== undefined
  if (channel === undefined) {
    if (policy.channelBindings === 'supported' && !required) return false
    throw new SspiError('SEC_E_BAD_BINDINGS', 'Digest: the client sent no channel bindings, and they are required')
  }
  if (channel.toLowerCase() === toHex(hashChannelBindings(own))) return true
  throw new SspiError(
    'SEC_E_BAD_BINDINGS',
    "Digest: the client's channel bindings are of another channel: someone is in between",
  )
}

/**
 * Extended protection, the name: whether the client meant this service.
 *
 * @param service - octets; empty when it names none.
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN`: the password is right, but it was meant for another service.
 */
export function checkService(service: string, policy: Policy): void {
  if (policy.targetNames === undefined) return
  const name = textOf(service)
  if (name === '') {
    if (!policy.targetNameRequired) return
    throw new SspiError('SEC_E_TARGET_UNKNOWN', 'Digest: the client names no service, and the policy requires one')
  }
  const wanted = name.toLowerCase()
  if (policy.targetNames.some((each) => each.toLowerCase() === wanted)) return
  throw new SspiError(
    'SEC_E_TARGET_UNKNOWN',
    `Digest: the client meant to reach '${shown(service)}', which this is not`,
  )
}

function boundHash({ serviceName, channelBinding }: BoundDirectives): string {
  return toHex(md5(bytesOf(`${serviceName}:${channelBinding}`)))
}
