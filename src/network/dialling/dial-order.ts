/**
 * In which order a peer's addresses are tried, and when: those of this machine and its networks first, then those of
 * the internet, then private ones of networks that this machine is not in (a VPN may lead there), relays last. A try
 * does not wait until the one before it has failed, only for a moment ("Happy Eyeballs", RFC 8305): a wrong address
 * costs that moment and no more. Pure.
 */
import { isLoopback, isNetworkAddress } from '@libp2p/utils'
import { LIMITS } from '../../core/limits.ts'
import { isPublicAddress } from '../../core/public-address.ts'
import { hostOf, isCircuit } from '../addresses.ts'
import { transportOf } from '../../config/address.ts'
import type { AddressSorter } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Where this node is. `OwnNetworks` knows it. */
export interface Whereabouts {
  /** This node listens nowhere beyond this machine, so that its mesh may well be on this machine. */
  readonly isLoopbackOnly: boolean
  /** An address of this machine. */
  isOwn: (host: string) => boolean
  /** An address of a network that this machine is in. */
  isNear: (host: string) => boolean
}

/** From the best to the last resort. */
export const DIAL_TIERS = ['near', 'public', 'elsewhere', 'relay'] as const
export type DialTier = (typeof DIAL_TIERS)[number]

export interface PlannedDial {
  address: Multiaddr
  tier: DialTier
  /** After the first of the peer; sooner where those before it have failed. */
  afterMs: number
}

/** RFC 8305 recommends it from one try to the next. On a local network a peer has answered long before. */
const STAGGER_MS = 250
/** How long direct ways are tried before a relay is troubled: twice the round trip to the other side of the world. */
const RELAY_AFTER_MS = 500

/** What can be dialled of a peer's addresses, each once. */
export function dialOrder(addresses: readonly Multiaddr[], here: Whereabouts): PlannedDial[] {
  const distinct = [...new Map(addresses.map((each) => [each.toString(), each])).values()]
  const tierOf = tiersOfPeer(distinct, here)
  const plan: PlannedDial[] = []
  let startMs = 0
  for (const tier of DIAL_TIERS) {
    const ours = distinct.filter((address) => tierOf(address) === tier)
    if (ours.length === 0) continue
    if (tier === 'relay' && plan.length > 0) startMs = RELAY_AFTER_MS
    const inOrder = inTurns(ours.toSorted(byEase(here)))
    for (const [index, address] of inOrder.entries()) {
      plan.push({ address, tier, afterMs: startMs + index * STAGGER_MS })
    }
    startMs += STAGGER_MS
  }
  return plan
    .toSorted((left, right) => left.afterMs - right.afterMs)
    .slice(0, LIMITS.peerAddressesMax)
}

/** The same order for libp2p's own dials, which see two addresses at a time and try one after the other. */
export function addressSorter(here: Whereabouts): AddressSorter {
  const ease = byEase(here)
  const rank = (address: Multiaddr): number => {
    if (!isStrangersLoopback(address, here)) return DIAL_TIERS.indexOf(baseTier(address, here))
    return DIAL_TIERS.indexOf('elsewhere')
  }
  return ({ multiaddr: left }, { multiaddr: right }) =>
    sign(rank(left) - rank(right) || ease(left, right))
}

/**
 * Undefined of an address that is not to be tried: a loopback address of a peer that is on another machine, as far as
 * its other addresses show. One that names no other is on this machine, or cannot be reached at all.
 */
function tiersOfPeer(
  addresses: readonly Multiaddr[],
  here: Whereabouts
): (address: Multiaddr) => DialTier | undefined {
  const beyond = addresses.filter((address) => !isCircuit(address) && !isLoopback(address))
  const isOfLoopbackAlone = addresses.every((address) => !isCircuit(address) && isLoopback(address))
  const isHere = isOfLoopbackAlone || beyond.some((address) => isOwn(address, here))
  return (address) => {
    if (isCircuit(address) || !isLoopback(address) || isHere) return baseTier(address, here)
    if (!here.isLoopbackOnly) return undefined
    return beyond.length === 0 ? 'near' : 'elsewhere'
  }
}

function baseTier(address: Multiaddr, here: Whereabouts): DialTier {
  if (isCircuit(address)) return 'relay'
  // Those of the memory transport, in tests, are of no network.
  if (!isNetworkAddress(address) || isLoopback(address)) return 'near'
  const host = hostOf(address)
  // Behind a name may be anything; who gives one is meant to be found by all.
  if (host === undefined) return 'public'
  if (here.isOwn(host) || here.isNear(host)) return 'near'
  return isPublicAddress(host) ? 'public' : 'elsewhere'
}

function isStrangersLoopback(address: Multiaddr, here: Whereabouts): boolean {
  return !isCircuit(address) && isLoopback(address) && !here.isLoopbackOnly
}

/** Within a tier: this machine before its networks, and TCP before what is set up on top of it or ends later when called off. */
function byEase(here: Whereabouts): (left: Multiaddr, right: Multiaddr) => number {
  const unease = (address: Multiaddr): number => {
    const isHere = isLoopback(address) || isOwn(address, here)
    // A relay at its own machine's loopback address is one that tells everything that it listens on.
    const isWellPlaced = isCircuit(address) ? !isHere || here.isLoopbackOnly : isHere
    return (isWellPlaced ? 0 : 2) + (transportOf(address) === 'tcp' ? 0 : 1)
  }
  return (left, right) => unease(left) - unease(right)
}

/** One of each group before the second of any. */
function inTurns(addresses: readonly Multiaddr[]): Multiaddr[] {
  const places = new Map<string, number>()
  const numbered = addresses.map((address) => {
    const group = groupOf(address)
    const place = places.get(group) ?? 0
    places.set(group, place + 1)
    return { address, place }
  })
  return numbered.toSorted((left, right) => left.place - right.place).map(({ address }) => address)
}

/** Addresses of one relay fail together, as do those of one family where this machine has no way out by it. */
function groupOf(address: Multiaddr): string {
  const [first, ...others] = address.getComponents()
  const relay = isCircuit(address) ? others.find(({ name }) => name === 'p2p') : undefined
  return relay?.value ?? first?.name ?? ''
}

function isOwn(address: Multiaddr, here: Whereabouts): boolean {
  const host = hostOf(address)
  return host !== undefined && here.isOwn(host)
}

function sign(difference: number): -1 | 0 | 1 {
  if (difference === 0) return 0
  return difference < 0 ? -1 : 1
}
