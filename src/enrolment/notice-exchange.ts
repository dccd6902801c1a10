/**
 * Brings notices round: what is new to this node it tells every member it is connected with, at once; and as a
 * message may get lost, it compares with one of them every few seconds.
 */
import { repeat } from '../core/repeat.ts'
import { MeshError } from '../core/errors.ts'
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
const NOTICES_PER_MESSAGE = 1_000

export class NoticeExchange implements Startable {
  readonly #components: NoticeExchangeComponents
  readonly #controller = new AbortController()
  /** Peers with whom it is being done: one at a time is enough for each. */
  readonly #comparing = new Set<string>()

  constructor(components: NoticeExchangeComponents) {
    this.#components = components
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
      SYNC_NOTICES: async ({ known = [], notices: brought = [] }) => {
        const { notices } = this.#components
        await notices.add(brought)
        const theirs = new Set(known)
        const own = new Set(notices.serials())
        return {
          result: {
            digest: notices.digest,
            notices: notices.textsBut(theirs).slice(0, NOTICES_PER_MESSAGE),
            wanted: known.filter((serial) => !own.has(serial)).slice(0, NOTICES_PER_MESSAGE)
          }
        }
      }
    }
  }

  /** Compares with a peer until both know the same. Never rejects. */
  async compare(peer: string): Promise<void> {
    if (this.#comparing.has(peer) || this.#controller.signal.aborted) return
    this.#comparing.add(peer)
    try {
      await this.#exchange(peer)
    } catch (cause) {
      const { code, message } = MeshError.from(cause)
      this.#components.logger.debug({ peer, code, why: message }, 'notices not compared')
    } finally {
      this.#comparing.delete(peer)
    }
  }

  async #exchange(peer: string): Promise<void> {
    const { notices } = this.#components
    const { digest } = notices
    const known = notices.serials()
    const answer = await this.#ask(peer, { digest, known })
    await notices.add(answer.notices ?? [])
    const wanted = new Set(answer.wanted)
    if (wanted.size === 0) return
    const others = new Set(known.filter((serial) => !wanted.has(serial)))
    const texts = notices.textsBut(others).slice(0, NOTICES_PER_MESSAGE)
    await this.#ask(peer, { digest, known, notices: texts })
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
