/**
 * Brings notices round: what is new to this node it tells every member it is connected with, at once; and as a
 * message may get lost, it compares with one of them every few seconds.
 */
import { repeat } from '../core/repeat.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { Logger } from '../observe/logger.ts'
import type { Members } from '../membership/members.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Notices } from '../membership/notices.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'
import type {
  SyncNoticesParams,
  SyncNoticesResult
} from '../model/generated/commands-sync-notices.ts'

export interface NoticeExchangeComponents {
  binding: () => Pick<CommandBinding, 'ask'>
  clock: Clock
  logger: Logger
  members: Members
  node: MeshNode
  notices: Notices
  random: Random
}

/** A ban has to be everywhere within a minute, and the mesh may be a few nodes deep. */
const COMPARE_MS = 15_000
const ANSWER_TIMEOUT_MS = 10_000
/** What one message carries; the rest comes with the next. */
export const NOTICES_PER_MESSAGE = 1_000
/** As many as there can be, with some in either direction. */
const ROUNDS_MAX = (2 * LIMITS.noticesMax) / NOTICES_PER_MESSAGE
/** One for each of ours that is new, and for each time that it is compared. */
const PACE = { burst: 100, perSecond: 5 }

export class NoticeExchange implements Startable {
  readonly #components: NoticeExchangeComponents
  readonly #controller = new AbortController()
  /** Peers with whom it is being done, one at a time, and whether there is something new since it began. */
  readonly #comparing = new Map<string, { isStale: boolean }>()
  readonly #pace: Pace

  constructor(components: NoticeExchangeComponents) {
    this.#components = components
    this.#pace = new Pace(components.clock, PACE)
    components.notices.onChange(() => this.#tellAll())
  }

  async start(): Promise<void> {
    const { clock, random } = this.#components
    const { signal } = this.#controller
    void repeat({ clock, random, signal, periodMs: COMPARE_MS }, () => this.#compareWithOne())
  }

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'this node is stopping'))
  }

  handlers(): CommandHandlers {
    return {
      SYNC_NOTICES: async (params, { remotePeer }) => {
        if (this.#pace.take(remotePeer, 1)) return { result: await this.#answer(params) }
        throw new MeshError('TOO_MANY_REQUESTS', 'notices were compared often enough for now')
      }
    }
  }

  /** Compares with a peer until both know the same. Never rejects. */
  async compare(peer: string): Promise<void> {
    const known = this.#comparing.get(peer)
    if (known !== undefined) known.isStale = true
    if (known !== undefined || this.#controller.signal.aborted) return
    const comparing = { isStale: false }
    this.#comparing.set(peer, comparing)
    try {
      do {
        comparing.isStale = false
        // oxlint-disable-next-line no-await-in-loop -- what is new meanwhile comes after
        await this.#exchange(peer)
      } while (comparing.isStale)
    } catch (cause) {
      const { code, message } = MeshError.from(cause)
      this.#components.logger.debug({ peer, code, why: message }, 'notices not compared')
    } finally {
      this.#comparing.delete(peer)
    }
  }

  async #answer({
    digest,
    known,
    notices: brought = []
  }: SyncNoticesParams): Promise<SyncNoticesResult> {
    const { notices } = this.#components
    await notices.add(brought)
    if (known === undefined || digest === notices.digest) return { digest: notices.digest }
    const own = new Set(notices.ids())
    return {
      digest: notices.digest,
      notices: notices.textsBut(new Set(known)).slice(0, NOTICES_PER_MESSAGE),
      wanted: known.filter((id) => !own.has(id)).slice(0, NOTICES_PER_MESSAGE)
    }
  }

  async #exchange(peer: string): Promise<void> {
    const { notices } = this.#components
    // Mostly both know the same, and few words tell.
    const { digest } = await this.#ask(peer, { digest: notices.digest })
    if (digest === notices.digest) return
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const before = notices.digest
      // oxlint-disable-next-line no-await-in-loop -- what is left to tell shows only then
      const given = await this.#tellEachOther(peer)
      if (given === 0 && notices.digest === before) return
    }
  }

  /** @returns how many it has given */
  async #tellEachOther(peer: string): Promise<number> {
    const { notices } = this.#components
    const { digest } = notices
    const known = notices.ids()
    const answer = await this.#ask(peer, { digest, known })
    await notices.add(answer.notices ?? [])
    const wanted = new Set(answer.wanted)
    const others = new Set(known.filter((id) => !wanted.has(id)))
    const texts = wanted.size === 0 ? [] : notices.textsBut(others).slice(0, NOTICES_PER_MESSAGE)
    if (texts.length > 0) await this.#ask(peer, { digest, notices: texts })
    return texts.length
  }

  async #ask(peer: string, params: SyncNoticesParams): Promise<SyncNoticesResult> {
    const options = { timeoutMs: ANSWER_TIMEOUT_MS, signal: this.#controller.signal }
    return await this.#components.binding().ask(peer, 'SYNC_NOTICES', params, options)
  }

  #tellAll(): void {
    for (const peer of this.#connectedMembers()) void this.compare(peer)
  }

  async #compareWithOne(): Promise<void> {
    const peers = this.#connectedMembers()
    const peer = peers[Math.floor(this.#components.random.next() * peers.length)]
    if (peer !== undefined) await this.compare(peer)
  }

  #connectedMembers(): string[] {
    const { members, node } = this.#components
    return node.libp2p
      .getPeers()
      .map(String)
      .filter((peer) => members.of(peer) !== undefined)
  }
}
