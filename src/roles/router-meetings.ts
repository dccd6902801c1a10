/** Keeps a node connected to the routers of its namespace, as the DHT names them: who shows a mesh has to know who sees jobs through. */
import { findRouters } from '../discovery/find-routers.ts'
import { repeat } from '../core/repeat.ts'
import type { NodeCore } from './node-core.ts'
import type { Startable } from '../core/startable.ts'

const PERIOD_MS = 30_000
/** While there is none: a mesh that is just starting has one soon. */
const NONE_YET_MS = 3_000
const LOOKUP_TIMEOUT_MS = 10_000
/** More than one mesh will have. */
const ROUTERS_MAX = 64

type MeetingParts = Pick<NodeCore, 'access' | 'clock' | 'logger' | 'node' | 'random'>

export class RouterMeetings implements Startable {
  readonly #core: MeetingParts
  readonly #namespace: string
  readonly #stopping = new AbortController()
  readonly #met = new Set<string>()
  #going: Promise<void> | undefined

  constructor(core: MeetingParts, { namespace }: { namespace: string }) {
    this.#core = core
    this.#namespace = namespace
  }

  async start(): Promise<void> {
    const { clock, random } = this.#core
    const periodMs = () => (this.#met.size === 0 ? NONE_YET_MS : PERIOD_MS)
    const repetition = { clock, random, periodMs, signal: this.#stopping.signal }
    this.#going ??= repeat(repetition, async () => await this.#meet())
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#going
  }

  /** Routers that were found in the last round and answered. */
  get met(): ReadonlySet<string> {
    return this.#met
  }

  async #meet(): Promise<void> {
    const { signal } = this.#stopping
    const search = {
      namespace: this.#namespace,
      countMax: ROUTERS_MAX,
      timeoutMs: LOOKUP_TIMEOUT_MS
    }
    const routers = await findRouters(this.#core, { ...search, signal })
    for (const peer of this.#met) if (!routers.includes(peer)) this.#met.delete(peer)
    await Promise.all(routers.map((peer) => this.#visit(peer, signal)))
  }

  async #visit(peer: string, signal: AbortSignal): Promise<void> {
    const { access, logger, node } = this.#core
    try {
      await node.dial(peer, { signal })
      await access.introduce(peer, { signal })
      this.#met.add(peer)
    } catch (cause) {
      this.#met.delete(peer)
      if (!signal.aborted) logger.debug({ peer, err: cause }, 'router not reached')
    }
  }
}
