/** Which networks this machine is in, and which addresses are its own. They change while a node runs: looked at anew when asked. */
import { networkInterfaces } from 'node:os'
import { IpNet } from '@chainsafe/netmask'
import { isLoopbackAddress } from '../../config/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { NetworkInterfaceInfo } from 'node:os'
import type { Whereabouts } from './dial-order.ts'

export interface OwnNetworksComponents {
  clock: Pick<Clock, 'monotonicMs'>
  /** @default the system's */
  interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>
}

/** Addresses as the system had them a moment ago. */
interface Look {
  atMs: number
  own: readonly IpNet[]
  networks: readonly IpNet[]
}

/** The system's answer takes some 0.1 ms: for each address of each dial that would be too much. */
const REFRESH_MS = 2_000
/** Each link has this network, so that an address in it says nothing. */
const LINK_LOCAL_V6 = 'fe80:'

export class OwnNetworks implements Whereabouts {
  /** This node listens nowhere beyond this machine. */
  readonly isLoopbackOnly: boolean
  readonly #clock: OwnNetworksComponents['clock']
  readonly #interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>
  #last: Look | undefined

  /** @param listen multiaddrs that this node listens on */
  constructor(components: OwnNetworksComponents, listen: readonly string[]) {
    this.#clock = components.clock
    this.#interfaces = components.interfaces ?? networkInterfaces
    this.isLoopbackOnly = listen.every(
      (address) => isLoopbackAddress(address) || !/^\/(ip[46]|dns)/.test(address)
    )
  }

  isOwn(host: string): boolean {
    return this.#look().own.some((address) => address.contains(host))
  }

  isNear(host: string): boolean {
    return this.#look().networks.some((network) => network.contains(host))
  }

  #look(): Look {
    const atMs = this.#clock.monotonicMs()
    if (this.#last !== undefined && atMs - this.#last.atMs < REFRESH_MS) return this.#last
    const infos = Object.values(this.#interfaces()).flatMap((each) => each ?? [])
    const beyond = infos.filter(({ address, internal }) => !internal && !isLinkLocal(address))
    this.#last = {
      atMs,
      own: infos.map(({ address, family }) => new IpNet(address, family === 'IPv4' ? 32 : 128)),
      networks: beyond.flatMap(({ cidr }) => (cidr === null ? [] : [new IpNet(cidr)]))
    }
    return this.#last
  }
}

function isLinkLocal(address: string): boolean {
  return address.toLowerCase().startsWith(LINK_LOCAL_V6)
}
