/**
 * Asks the local network who of a mesh is there, and answers who asks: multicast DNS with libp2p's record of a peer
 * (https://github.com/libp2p/specs/blob/master/discovery/mdns.md). libp2p's own module sends by the default route
 * alone: nothing on a network that has none, and into the VPN where that is the default. This sends on each.
 */
import { networkInterfaces } from 'node:os'
import multicastDns from 'multicast-dns'
import { LIMITS } from '../../core/limits.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { MulticastDNS, QueryPacket, ResponsePacket } from 'multicast-dns'
import type { Startable } from '../../core/startable.ts'

export interface LanMulticastInit {
  clock: Pick<Clock, 'every' | 'monotonicMs'>
  /** What is asked for and answered; nodes of other meshes have another. */
  service: string
  /** Whether an address is of a network that this machine is in: whoever writes from elsewhere is not heard (RFC 6762). */
  isNear: (host: string) => boolean
  /** Tells apart what comes back of this node's own. */
  instance: string
  /** Addresses to answer with, each with the peer id. */
  addresses: () => string[]
  /** Somebody has answered with these texts. */
  onAnswer: (addresses: string[]) => void
}

const ASK_MS = 10_000
/** A multicast answer is for all who have asked lately. */
const ANSWER_MS_MIN = 1_000
const TTL_SECONDS = 120
/** Of a machine with many bridges for containers the first ones. */
const NETWORKS_MAX = 16
/** A text of DNS holds no more, and a packet some ten of them. */
const TEXT_BYTES_MAX = 255
const ANSWERED_MAX = 10
const PREFIX = 'dnsaddr='

export class LanMulticast implements Startable {
  readonly #init: LanMulticastInit
  /** By this machine's address there. */
  readonly #networks = new Map<string, MulticastDNS>()
  #answeredMs = -Infinity
  #cancel: CancelTimer = () => {}

  constructor(init: LanMulticastInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    this.#cancel()
    this.#cancel = this.#init.clock.every(ASK_MS, () => this.#ask())
    this.#ask()
  }

  async stop(): Promise<void> {
    this.#cancel()
    await Promise.all([...this.#networks.keys()].map(async (address) => await this.#leave(address)))
  }

  #ask(): void {
    this.#join()
    const questions = [{ name: this.#init.service, type: 'PTR' as const }]
    for (const network of this.#networks.values()) network.query({ questions })
  }

  /** Interfaces come and go with cables, networks and sleep. */
  #join(): void {
    const addresses = ownAddresses()
    for (const address of this.#networks.keys()) {
      if (!addresses.includes(address)) void this.#leave(address)
    }
    for (const address of addresses) {
      if (!this.#networks.has(address)) this.#networks.set(address, this.#network(address))
    }
  }

  #network(address: string): MulticastDNS {
    // Bound to all addresses, as what is sent to many does not come to one; what it sends leaves by this one.
    const network = multicastDns({ interface: address, bind: '0.0.0.0' })
    network.on('query', (packet, { address: sender }) => this.#onQuery(packet, sender))
    network.on('response', (packet, { address: sender }) => this.#onResponse(packet, sender))
    // A port that another program keeps to itself, a network that has just gone: the others go on.
    network.on('error', () => void this.#leave(address))
    network.on('warning', () => {})
    return network
  }

  async #leave(address: string): Promise<void> {
    const network = this.#networks.get(address)
    this.#networks.delete(address)
    await new Promise<void>((resolve) => {
      if (network === undefined) resolve()
      else network.destroy(resolve)
    })
  }

  #onQuery({ questions = [] }: QueryPacket, sender: string): void {
    const { addresses, clock, instance, isNear, service } = this.#init
    if (!questions.some(({ name }) => name === service) || !isNear(sender)) return
    if (clock.monotonicMs() - this.#answeredMs < ANSWER_MS_MIN) return
    const texts = addresses()
      .map((address) => PREFIX + address)
      .filter((text) => Buffer.byteLength(text) <= TEXT_BYTES_MAX)
    if (texts.length === 0) return
    this.#answeredMs = clock.monotonicMs()
    const name = `${instance}.${service}`
    const shared = { class: 'IN', ttl: TTL_SECONDS } as const
    const pointer = { ...shared, type: 'PTR', name: service, data: name } as const
    const records = texts
      .slice(0, ANSWERED_MAX)
      .map((data) => ({ ...shared, type: 'TXT' as const, name, data }))
    for (const network of this.#networks.values()) network.respond([pointer, ...records])
  }

  #onResponse(packet: ResponsePacket, sender: string): void {
    const { instance, isNear, onAnswer, service } = this.#init
    const addresses = addressesIn(packet, { service, instance })
    if (addresses.length > 0 && isNear(sender)) onAnswer(addresses)
  }
}

/** What somebody answers who asks for the service; nothing of another one's, or of this node's own. */
export function addressesIn(
  { additionals = [], answers = [] }: Pick<ResponsePacket, 'additionals' | 'answers'>,
  { instance, service }: Pick<LanMulticastInit, 'instance' | 'service'>
): string[] {
  const name = answers.find((record) => record.type === 'PTR' && record.name === service)
  if (name?.type !== 'PTR' || name.data.startsWith(instance)) return []
  return [...answers, ...additionals]
    .flatMap((record) => (record.type === 'TXT' ? [record.data].flat() : []))
    .slice(0, LIMITS.peerAddressesMax)
    .map(String)
    .filter((text) => text.startsWith(PREFIX))
    .map((text) => text.slice(PREFIX.length))
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses.find(isLan) ?? [])
    .map(({ address }) => address)
    .slice(0, NETWORKS_MAX)
}

function isLan({ family, internal }: { family: string; internal: boolean }): boolean {
  return family === 'IPv4' && !internal
}
