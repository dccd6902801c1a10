/**
 * A look at the mesh as a member that is none of its nodes: whether the DHT leads others to those of this home, and
 * what relays answer to who needs a place. It comes, asks and leaves.
 */
import { BootstrapKeeper } from '../../network/contact/bootstrap-keeper.ts'
import { askForPlace } from '../../network/relay/relay-question.ts'
import { createVisitor } from '../../enrolment/linked-node.ts'
import { keyCid } from '../../discovery/key-cid.ts'
import { LEVEL_MAX, SPLIT_WORKERS, shardKey, shardsOf } from '../../discovery/shards.ts'
import { MeshError } from '../../core/errors.ts'
import { fileNodesKey, routersKey } from '../../protocol/ids.ts'
import { silentLogger } from '../../observe/logger.ts'
import { sleep } from '../../core/abort.ts'
import { startVisit } from '../../enrolment/visit-start.ts'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import type { Found, PlaceFacts } from './facts.ts'
import type { LinkedNode } from '../../enrolment/linked-node.ts'
import type { OwnNode } from './home.ts'
import type { Visit } from '../../enrolment/visit.ts'

export interface VisitorInit {
  visit: Visit
  contacts: readonly string[]
  networkKey: string | undefined
}

const POLL_MS = 20
const ASK_TIMEOUT_MS = 4_000
const LOOKUP_TIMEOUT_MS = 4_000
/** One that has just started is there within a second or two. */
const SECOND_LOOK_MS = 1_500
const GOODBYE_MS = 1_000

export class Visitor {
  readonly #linked: LinkedNode
  readonly #stop: () => Promise<void>

  private constructor(linked: LinkedNode, stop: () => Promise<void>) {
    this.#linked = linked
    this.#stop = stop
  }

  /** Waits until a bootstrap has let it in. @throws MeshError why none does; the signal's reason */
  static async enter(
    { contacts, networkKey, visit }: VisitorInit,
    signal: AbortSignal
  ): Promise<Visitor> {
    const linked = await createVisitor(visit, {
      contacts,
      listen: [],
      logger: silentLogger,
      networkKey
    })
    const { access, binding, membership, node } = linked
    const shared = { clock: systemClock, random: systemRandom, logger: silentLogger, node }
    const keeper = new BootstrapKeeper(shared, contacts)
    const parts = [node, binding, ...membership.parts, keeper]
    const visitor = new Visitor(linked, await startVisit(parts, membership, { signal }))
    try {
      while (!keeper.isConnected) await sleep(systemClock, POLL_MS, { signal })
      const greetings = keeper.peers.map((peer) => access.introduce(peer, { signal }))
      await Promise.any(greetings).catch((cause: AggregateError) => {
        throw cause.errors[0]
      })
      return visitor
    } catch (cause) {
      await visitor.leave()
      throw cause
    }
  }

  async leave(): Promise<void> {
    await Promise.race([this.#stop(), sleep(systemClock, GOODBYE_MS)])
  }

  /** Whether the DHT names a node where those look who search for its kind; undefined of one that nobody searches. */
  async find(node: OwnNode, signal: AbortSignal): Promise<Found | undefined> {
    try {
      const { namespace = '', role } = await this.#describe(node, signal)
      const sought = { namespace, peer: node.peer, role }
      let isFound = await this.#look(sought, signal)
      if (isFound === false) {
        await sleep(systemClock, SECOND_LOOK_MS, { signal })
        isFound = await this.#look(sought, signal)
      }
      if (isFound === undefined) return undefined
      return isFound ? { isFound } : { isFound, why: undefined }
    } catch (cause) {
      return { isFound: false, why: MeshError.from(cause).message }
    }
  }

  /** Undefined where it cannot be asked. */
  async place(relay: string, signal: AbortSignal): Promise<PlaceFacts | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    try {
      const connection = await this.#linked.node.connect(relay, { signal: limit })
      return { relay, ...(await askForPlace(connection, { signal: limit })) }
    } catch {
      return undefined
    }
  }

  async #describe(
    { addresses, peer }: OwnNode,
    signal: AbortSignal
  ): Promise<{ namespace?: string | undefined; role: string }> {
    const { binding, node } = this.#linked
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    await Promise.any(addresses.map((address) => node.connect(address, { signal: limit })))
    const options = { timeoutMs: ASK_TIMEOUT_MS, signal }
    return await binding.ask(peer, 'GET_CAPABILITIES', {}, options)
  }

  async #look(
    { namespace, peer, role }: { namespace: string; peer: string; role: string },
    signal: AbortSignal
  ): Promise<boolean | undefined> {
    switch (role) {
      case 'worker':
        return await this.#lookForWorker(namespace, peer, signal)
      case 'router':
        return (await this.#holders(routersKey(namespace), signal)).has(peer)
      case 'share':
        return (await this.#holders(fileNodesKey(namespace), signal)).has(peer)
      default:
        return undefined
    }
  }

  /** Down the tree of keys, by those of its places alone. */
  async #lookForWorker(namespace: string, peer: string, signal: AbortSignal): Promise<boolean> {
    for (let level = 0; level <= LEVEL_MAX; level += 1) {
      const place = shardsOf(peer, level).at(-1)
      if (place === undefined) return false
      // oxlint-disable-next-line no-await-in-loop -- whether there is anything below is known by then
      const holders = await this.#holders(shardKey(namespace, place), signal)
      if (holders.has(peer)) return true
      if (holders.size < SPLIT_WORKERS) return false
    }
    return false
  }

  async #holders(key: string, signal: AbortSignal): Promise<Set<string>> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)])
    const { contentRouting } = this.#linked.node.libp2p
    const found = new Set<string>()
    try {
      for await (const { id } of contentRouting.findProviders(await keyCid(key), {
        signal: limit
      })) {
        found.add(id.toString())
      }
    } catch (cause) {
      // Of a few that were asked one may not answer.
      if (found.size === 0 && !limit.aborted) throw cause
    }
    return found
  }
}
