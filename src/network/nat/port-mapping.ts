/**
 * Asks the gateway of the local network to pass ports on to this node, so that others can dial it: by NAT-PMP, else
 * by UPnP. Leases are renewed in time, and given back at the end. What a gateway promises is told to others only
 * once somebody has come in by it (`reachability.ts`).
 */
import { getNetConfig, isPrivateIp } from '@libp2p/utils'
import { isCircuit } from '../addresses.ts'
import { MeshError } from '../../core/errors.ts'
import { defaultGateway } from './gateway.ts'
import { natPmpGateway } from './nat-pmp.ts'
import { upnpGateway } from './upnp.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Gateway, Lease, PortRequest } from './gateway.ts'
import type { Logger } from '../../observe/logger.ts'
import type { OwnAddresses } from './own-addresses.ts'
import type { Random } from '../../core/random.ts'
import type { Startable } from '../../core/startable.ts'

export interface PortMappingComponents {
  addresses: Pick<OwnAddresses, 'addMapping' | 'listened' | 'removeMapping'>
  clock: Pick<Clock, 'after'>
  logger: Logger
  random: Random
}

export interface PortMappingInit {
  /** For tests. @default whoever answers on the local network */
  findGateway?: (options: AbortOptions) => Promise<Gateway | undefined>
}

/** All is asked for again so often, long before leases end: addresses change, gateways come, go and start anew. */
const LOOK_MS = 300_000
const RETURN_MS = 2_000
/** Ports of one node: each transport's, on IPv4. */
const PORTS_MAX = 8
/** Another port is tried so often where a neighbour has the one that we wish for. */
const TRIES_MAX = 3
const FREE_PORTS = { first: 20_000, count: 40_000 }

export class PortMapper implements Startable {
  readonly #components: PortMappingComponents
  readonly #findGateway: NonNullable<PortMappingInit['findGateway']>
  readonly #controller = new AbortController()
  readonly #held = new Map<string, Lease>()
  #gateway: Gateway | undefined
  #cancel: CancelTimer = () => {}
  #round: Promise<void> = Promise.resolve()

  constructor(components: PortMappingComponents, init: PortMappingInit = {}) {
    this.#components = components
    this.#findGateway = init.findGateway ?? findGateway
  }

  /** The first round goes on by itself: a gateway may take seconds. */
  async start(): Promise<void> {
    this.#round = this.#look()
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    this.#cancel()
    await this.#round
    await Promise.all([...this.#held].map(async ([name, held]) => await this.#giveBack(name, held)))
  }

  async #look(): Promise<void> {
    const { signal } = this.#controller
    // Where the one that it had does not answer any more, there may be another.
    if (this.#gateway === undefined || !(await this.#mapAll(this.#gateway))) {
      this.#gateway = await this.#findGateway({ signal }).catch(() => undefined)
      if (this.#gateway === undefined) this.#components.logger.debug('no gateway gives ports away')
      else await this.#mapAll(this.#gateway)
    }
    if (signal.aborted) return
    this.#cancel = this.#components.clock.after(LOOK_MS, () => {
      this.#round = this.#look()
    })
  }

  /** @returns false where the gateway is of no use: it refuses, or this machine is on another network by now */
  async #mapAll(gateway: Gateway): Promise<boolean> {
    const wanted = this.#wanted(gateway.internalHost)
    for (const [name, held] of this.#held) {
      if (!wanted.has(name)) this.#forget(name, held)
    }
    try {
      for (const [name, request] of wanted) await this.#map(gateway, name, request)
      return wanted.size > 0
    } catch (cause) {
      if (!this.#controller.signal.aborted) {
        const { message } = MeshError.from(cause)
        this.#components.logger.warn({ by: gateway.kind, why: message }, 'the gateway maps no port')
      }
      return false
    }
  }

  /** What the node listens on where the gateway can see it. */
  #wanted(host: string): Map<string, PortRequest> {
    const wanted = new Map<string, PortRequest>()
    for (const address of this.#components.addresses.listened()) {
      if (isCircuit(address) || wanted.size === PORTS_MAX) continue
      const { host: own, port, protocol } = getNetConfig(address)
      if (own !== host || port === undefined || protocol === undefined) continue
      wanted.set(`${protocol}/${port}`, { protocol, internalPort: port, externalPort: port })
    }
    return wanted
  }

  async #map(gateway: Gateway, name: string, wanted: PortRequest): Promise<void> {
    const held = this.#held.get(name)
    const lease = await this.#ask(gateway, wanted, held)
    if (held !== undefined && isSame(held, lease)) return
    if (held !== undefined) this.#forget(name, held)
    this.#hold(gateway, name, lease)
  }

  /** Its own port, if that is free. */
  async #ask(gateway: Gateway, wanted: PortRequest, held: Lease | undefined): Promise<Lease> {
    const { signal } = this.#controller
    const wish = held?.external.port ?? wanted.externalPort
    for (let tries = 1; ; tries += 1) {
      const externalPort = tries === 1 ? wish : this.#anyPort()
      try {
        return await gateway.map({ ...wanted, externalPort }, { signal })
      } catch (cause) {
        if (tries === TRIES_MAX || signal.aborted) throw cause
      }
    }
  }

  #anyPort(): number {
    return FREE_PORTS.first + Math.floor(this.#components.random.next() * FREE_PORTS.count)
  }

  #hold({ kind }: Gateway, name: string, lease: Lease): void {
    const { addresses, logger } = this.#components
    const { external, protocol } = lease
    const by = { by: kind, external: `${external.host}:${external.port}`, protocol }
    this.#held.set(name, lease)
    if (isPrivateIp(external.host) === false) {
      logger.info(by, 'port mapped')
      addresses.addMapping(lease)
    } else {
      // It stays all the same: whatever is in between may pass everything on.
      logger.warn(by, 'port mapped, but by a gateway that is behind a NAT itself')
    }
  }

  #forget(name: string, held: Lease): void {
    this.#held.delete(name)
    this.#components.addresses.removeMapping(held)
  }

  async #giveBack(name: string, held: Lease): Promise<void> {
    this.#forget(name, held)
    try {
      await this.#gateway?.unmap(held, { signal: AbortSignal.timeout(RETURN_MS) })
    } catch (cause) {
      const { message } = MeshError.from(cause)
      this.#components.logger.debug({ why: message }, 'the gateway keeps a mapped port')
    }
  }
}

async function findGateway(options: AbortOptions): Promise<Gateway | undefined> {
  const host = await defaultGateway()
  const gateway =
    host === undefined ? undefined : await natPmpGateway(host, options).catch(() => undefined)
  return gateway ?? (await upnpGateway(options))
}

function isSame(left: Lease, right: Lease): boolean {
  const { external: one } = left
  const { external: other } = right
  return (
    one.host === other.host && one.port === other.port && left.internal.host === right.internal.host
  )
}
