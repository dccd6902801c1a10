/** Which of a bootstrap's addresses a join token names, in the order in which others shall try them. */
import { networkInterfaces } from 'node:os'
import { isLoopbackAddress } from '../config/address.ts'
import type { Contact } from '../roles/contact-file.ts'

/** Each that does not answer costs whoever joins some seconds. */
const ADDRESSES_MAX = 8
/** Networks of containers and virtual machines on this one: elsewhere the same addresses are somebody else's. */
const INNER_INTERFACE = /^(docker|br-|virbr|veth|cni|podman|lxc|lxd|vmnet|vboxnet)/
const PRIVATE =
  /^\/(ip4\/(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)|ip6\/f[cd])/
/** Means nothing without the name of an interface. */
const LINK_LOCAL = /^\/(ip4\/169\.254\.|ip6\/fe80:)/

/**
 * What its owner has announced comes first, then what the whole world can dial, then what a private network can.
 * Loopback addresses are named where there is nothing else.
 */
export function orderAddresses(
  { addresses, announced }: Pick<Contact, 'addresses' | 'announced'>,
  innerHosts: ReadonlySet<string> = innerHostsOf(networkInterfaces())
): string[] {
  const usable = addresses.filter((address) => !LINK_LOCAL.test(address))
  const foreign = usable.filter((address) => !isLoopbackAddress(address))
  const outer = foreign.filter(
    (address) => announced.includes(address) || !innerHosts.has(hostOf(address))
  )
  const chosen = [outer, foreign, usable].find((some) => some.length > 0) ?? []
  const rankOf = (address: string): number =>
    announced.includes(address) ? 0 : PRIVATE.test(address) ? 2 : 1
  return [...new Set(chosen)]
    .toSorted((left, right) => rankOf(left) - rankOf(right))
    .slice(0, ADDRESSES_MAX)
}

function innerHostsOf(interfaces: ReturnType<typeof networkInterfaces>): ReadonlySet<string> {
  const inner = Object.entries(interfaces).filter(([name]) => INNER_INTERFACE.test(name))
  return new Set(inner.flatMap(([, own = []]) => own.map(({ address }) => address)))
}

function hostOf(address: string): string {
  return address.split('/')[2] ?? ''
}
