/**
 * Who vouches for whom. Workers that may well be one person's, with the same `owner` label or in the same block of
 * the internet's addresses, have one vote among them, however many they are. Addresses that are not of the internet
 * at large say nothing, as every home has the same. Pure.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress } from '../core/public-address.ts'

/** A worker, as far as it matters whose it is. */
export interface Party {
  workerId: string
  /** Its label `owner`. */
  owner: string | undefined
  /** Multiaddrs by which this router is connected to it: what it only claims says nothing. */
  addresses: readonly string[]
}

/** How many of them do not vouch for each other: of those that hang together, by whatever chain, one counts. */
export function independentCount(parties: readonly Party[]): number {
  const groups: Set<string>[] = []
  for (const party of parties) {
    const marks = new Set([`worker ${party.workerId}`, ...groupsOf(party)])
    for (let index = groups.length - 1; index >= 0; index -= 1) {
      const group = groups[index] as Set<string>
      if (![...marks].some((mark) => group.has(mark))) continue
      for (const mark of group) marks.add(mark)
      groups.splice(index, 1)
    }
    groups.push(marks)
  }
  return groups.length
}

/** What it has in common with whoever does not vouch for it: its owner, and its networks. */
export function groupsOf({ addresses, owner }: Party): string[] {
  const blocks = new Set(addresses.flatMap((address) => blockOf(address) ?? []))
  return [...(owner === undefined ? [] : [`owner ${owner}`]), ...blocks]
}

/** Blocks of addresses that were read before: those of the same workers come with each task. */
const known = new Map<string, string | undefined>()
const KNOWN_MAX = 8_192

function blockOf(address: string): string | undefined {
  if (known.has(address)) return known.get(address)
  if (known.size >= KNOWN_MAX) known.clear()
  const block = readBlock(address)
  known.set(address, block)
  return block
}

/** The block that whoever has the address most likely has whole: /24 of IPv4, /48 of IPv6. */
function readBlock(address: string): string | undefined {
  const ip = ipOf(address)
  if (ip === undefined || !isPublicAddress(ip)) return undefined
  if (ip.includes('.')) return `block ${ip.split('.').slice(0, 3).join('.')}`
  return `block ${partsOfV6(ip).slice(0, 3).join(':')}`
}

/** Where the peer itself is: through a relay, the address is the relay's. */
function ipOf(address: string): string | undefined {
  try {
    const parts = multiaddr(address).getComponents()
    if (parts.some(({ name }) => name === 'p2p-circuit')) return undefined
    return plainIp(parts.find(({ name }) => name === 'ip4' || name === 'ip6')?.value)
  } catch {
    // What is no multiaddr says nothing.
    return undefined
  }
}

const MAPPED_V4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/** IPv4 in the clothes of IPv6, as sockets for both show it, is IPv4. */
function plainIp(ip: string | undefined): string | undefined {
  const [, high, low] = MAPPED_V4.exec(ip ?? '') ?? []
  if (high === undefined || low === undefined) return ip
  const bytes = [high, low].flatMap((part) => {
    const word = Number.parseInt(part, 16)
    return [word >> 8, word & 0xff]
  })
  return bytes.join('.')
}

/** The eight parts of an address that `::` may shorten. */
function partsOfV6(ip: string): string[] {
  const [left = [], right = []] = ip.split('::').map((side) => side.split(':').filter(Boolean))
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
}
