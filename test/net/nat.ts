/**
 * Gateways that translate addresses, as homes and offices have them. What matters about one is which port it shows to
 * whom, and how it answers what nobody has asked for: that decides whether a hole can be punched.
 */
import { commandWithin } from './namespaces.ts'

/**
 * - `cone`: one port outside for one inside, whoever is called; what comes unasked is dropped. Most homes.
 * - `symmetric`: another port for each that is called. Large firms, mobile networks.
 * - `rejecting`: as `cone`, but it answers what comes unasked with a reset, which ends an attempt to punch.
 */
export type NatKind = 'cone' | 'symmetric' | 'rejecting'

/** The names of a gateway's two sides. */
export const OUTSIDE = 'wan'
export const INSIDE = 'lan'

/** Rules of nftables, which wants a line for each. */
export function natRules(kind: NatKind): string {
  const masquerade = kind === 'symmetric' ? 'masquerade fully-random' : 'masquerade'
  // What a gateway's own kernel accepts and nobody listens for is what it resets.
  const unasked = kind === 'rejecting' ? 'accept' : 'drop'
  return `
flush ruleset
table ip nat {
  chain leaving {
    type nat hook postrouting priority srcnat
    oifname "${OUTSIDE}" ${masquerade}
  }
}
table inet filter {
  chain through {
    type filter hook forward priority 0
    policy drop
    ct state established,related accept
    iifname "${INSIDE}" accept
  }
  chain arriving {
    type filter hook input priority 0
    policy ${unasked}
    ct state established,related accept
    iifname { "${INSIDE}", "lo" } accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
`
}

/** What lies between all public machines: it forwards to nobody, and says nothing to those who ask. */
export const SILENT_RULES = `
flush ruleset
table inet filter {
  chain through {
    type filter hook forward priority 0
    policy drop
  }
  chain arriving {
    type filter hook input priority 0
    policy drop
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
`

/** Whatever went through before is forgotten. */
export function setRules(namespace: string, rules: string): void {
  commandWithin(namespace, ['nft', '-f', '-'], rules)
  commandWithin(namespace, ['conntrack', '-F'])
}
