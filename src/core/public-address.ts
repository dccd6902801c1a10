/**
 * Which addresses are of the internet at large. The others, of a machine or a network of its own, mean something
 * else to each who reads them, and what answers there often trusts whoever can reach it. Pure.
 */
import { BlockList, isIP } from 'node:net'

/** Not of the internet at large (IANA's registry of special-purpose addresses, 2026). */
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3]
] as const

/** Of the one range that is the internet's: what leads into other ranges, and what is for examples. */
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20]
] as const

const specialV4 = new BlockList()
for (const [network, bits] of SPECIAL_V4) specialV4.addSubnet(network, bits, 'ipv4')
const globalV6 = new BlockList()
globalV6.addSubnet('2000::', 3, 'ipv6')
const specialV6 = new BlockList()
for (const [network, bits] of SPECIAL_V6) specialV6.addSubnet(network, bits, 'ipv6')

/** Whether an address is one of the internet at large. What is no address at all is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialV4.check(address, 'ipv4')
    case 6:
      // Link-local ones may name their link.
      return !address.includes('%') && isGlobalV6(address)
    default:
      return false
  }
}

function isGlobalV6(address: string): boolean {
  return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6')
}
