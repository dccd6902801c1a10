/**
 * A look at bootstraps and own nodes as a stranger has it: who answers, how fast, what they say of themselves, where
 * they see us come from, and which time it is there. The identity passes, and with it the port that dials leave from: a
 * connection that has just ended cannot stand in the way of the next look.
 */
import { isPrivate } from '@libp2p/utils'
import { deferred, sleep, unlessAborted } from '../../core/abort.ts'
import { createVisitor } from '../../enrolment/linked-node.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { silentLogger } from '../../observe/logger.ts'
import { startInOrder } from '../../core/startable.ts'
import { strangerVisit } from '../../enrolment/visit.ts'
import { systemClock } from '../../core/clock.ts'
import { transportOf } from '../../config/address.ts'
import type { BootstrapAnswer, ClockOffset, Endpoint, Identity } from './facts.ts'
import type { IdentifyResult } from '@libp2p/interface'
import type { LinkedNode } from '../../enrolment/linked-node.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface OutsiderInit {
  contacts: readonly string[]
  networkKey: string | undefined
}

/** One machine that was reached. */
export interface Reached extends BootstrapAnswer {
  peer: string
}

const DIAL_TIMEOUT_MS = 5_000
const IDENTIFY_TIMEOUT_MS = 3_000
const TIME_TIMEOUT_MS = 4_000
/** A connection whose other end is dead takes long to close, and the command is about to end. */
const GOODBYE_MS = 1_000
const SECOND_MS = 1_000

export class Outsider {
  readonly #linked: LinkedNode
  readonly #stop: () => Promise<void>
  readonly #identified = new Map<string, IdentifyResult>()
  readonly #waiting = new Map<string, (result: IdentifyResult) => void>()

  private constructor(linked: LinkedNode, stop: () => Promise<void>) {
    this.#linked = linked
    this.#stop = stop
    linked.node.libp2p.addEventListener('peer:identify', ({ detail }) => {
      const peer = detail.peerId.toString()
      this.#identified.set(peer, detail)
      this.#waiting.get(peer)?.(detail)
    })
  }

  /** @throws MeshError CONFIG_INVALID for addresses of a transport that cannot be had here */
  static async start({ contacts, networkKey }: OutsiderInit): Promise<Outsider> {
    const linked = await createVisitor(await strangerVisit(), {
      contacts,
      listen: [],
      logger: silentLogger,
      networkKey
    })
    return new Outsider(linked, await startInOrder([linked.node, linked.binding]))
  }

  /** By whichever address answers first. @throws MeshError PEER_UNREACHABLE */
  async reach(addresses: readonly string[], signal: AbortSignal): Promise<Reached> {
    const { node } = this.#linked
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    const beganMs = systemClock.monotonicMs()
    const dials = addresses.map((address) => node.connect(address, { signal: limit }))
    const connection = await Promise.any(dials).catch((cause: unknown) => {
      throw new MeshError('PEER_UNREACHABLE', reasonOf(cause), { cause })
    })
    const connectMs = systemClock.monotonicMs() - beganMs
    const peer = connection.remotePeer.toString()
    const [seen, clock] = await Promise.all([
      this.#identity(peer, signal),
      this.#clockOf(peer, signal)
    ])
    const { remoteAddr } = connection
    return {
      peer,
      address: remoteAddr.toString(),
      connectMs,
      clock,
      observed: leavesByOnePort(remoteAddr) ? endpointOf(seen) : undefined,
      ...asIdentity(seen)
    }
  }

  async stop(): Promise<void> {
    await Promise.race([this.#stop(), sleep(systemClock, GOODBYE_MS)])
  }

  async #identity(peer: string, signal: AbortSignal): Promise<IdentifyResult | undefined> {
    const known = this.#identified.get(peer)
    if (known !== undefined) return known
    const { promise, resolve } = deferred<IdentifyResult>()
    this.#waiting.set(peer, resolve)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(IDENTIFY_TIMEOUT_MS)])
    return await unlessAborted(promise, { signal: limit }).catch(() => undefined)
  }

  /** Whatever it answers has the time on it, a refusal too. */
  async #clockOf(peer: string, signal: AbortSignal): Promise<ClockOffset | undefined> {
    const sentMs = systemClock.wallMs()
    try {
      const { response } = await this.#linked.binding.call(
        peer,
        'GET_CAPABILITIES',
        {},
        {
          timeoutMs: TIME_TIMEOUT_MS,
          signal
        }
      )
      return offsetOf({ sentMs, receivedMs: systemClock.wallMs(), theirS: response.timestamp })
    } catch {
      return undefined
    }
  }
}

/** The other end has read its clock at some moment between, and told of it in whole seconds. */
export function offsetOf({
  receivedMs,
  sentMs,
  theirS
}: {
  sentMs: number
  receivedMs: number
  theirS: number
}): ClockOffset {
  const theirMs = theirS * SECOND_MS
  return { lowMs: sentMs - (theirMs + SECOND_MS), highMs: receivedMs - theirMs }
}

/** Only these dials do; what others show says nothing of a gateway. */
function leavesByOnePort(to: Multiaddr): boolean {
  return transportOf(to) === 'tcp' && !isPrivate(to)
}

function asIdentity(seen: IdentifyResult | undefined): Identity {
  return {
    agent: seen?.agentVersion,
    protocols: seen?.protocols ?? [],
    told: (seen?.listenAddrs ?? []).map(String)
  }
}

function endpointOf(seen: IdentifyResult | undefined): Endpoint | undefined {
  const [ip, tcp] = seen?.observedAddr?.getComponents() ?? []
  if (ip?.value === undefined || tcp?.name !== 'tcp') return undefined
  return { host: ip.value, port: Number(tcp.value) }
}

/** The first that says something: of several addresses each has failed in its own way. */
function reasonOf(cause: unknown): string {
  const inner = cause instanceof AggregateError ? (cause.errors as unknown[]) : [cause]
  const reasons = inner.map((one) => {
    const { hint } = MeshError.from(one)
    const root = rootOf(one)
    const code = root instanceof Error && 'code' in root ? root.code : undefined
    if (code === 'ECONNREFUSED') return 'nobody listens there'
    if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'no network leads there'
    if (root instanceof Error && /Abort|Timeout/.test(root.name)) {
      return `no answer within ${DIAL_TIMEOUT_MS / SECOND_MS} s`
    }
    return hint ?? messageOf(root)
  })
  return [...new Set(reasons)].join('; ')
}

function rootOf(cause: unknown): unknown {
  if (cause instanceof AggregateError && cause.errors.length > 0) return rootOf(cause.errors[0])
  return cause instanceof Error && cause.cause !== undefined ? rootOf(cause.cause) : cause
}
