/**
 * A router's question to its bootstraps for the workers that they have heard of: whenever one is connected, and now
 * and then. What they answer are the workers' own signed records, and hints like all that the finder finds.
 */
import { MeshError } from '../core/errors.ts'
import { RecentMap } from '../core/recent-map.ts'
import { openRecord } from './record.ts'
import { repeat } from '../core/repeat.ts'
import type { Access } from '../protocol/access.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface RegistrySearchComponents {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  binding: Pick<CommandBinding, 'ask'>
  keeper: Pick<BootstrapKeeper, 'onConnected' | 'peers'>
  clock: Clock
  random: Random
  logger: Logger
  /** Signature, namespace and membership are checked. */
  onFound: (record: CapabilityRecord) => void
}

export interface RegistrySearchInit {
  namespace: string
  /** Between two rounds. @default 600000 */
  periodMs?: number | undefined
}

const PERIOD_MS = 600_000
const ANSWER_TIMEOUT_MS = 15_000
/** One that was asked so lately is not asked again because another one is connected now. */
const RECENT_MS = 30_000
/** All that a registry has, in pages of one; a list that has no end is made to keep us busy. */
const PAGES_MAX = 256
/** Nobody is given more. */
const BOOTSTRAPS_MAX = 64

export class RegistrySearch implements Startable {
  readonly #components: RegistrySearchComponents
  readonly #init: RegistrySearchInit
  readonly #controller = new AbortController()
  /** Of each bootstrap, when it was last asked. */
  readonly #askedAtMs = new RecentMap<string, number>(BOOTSTRAPS_MAX)

  constructor(components: RegistrySearchComponents, init: RegistrySearchInit) {
    this.#components = components
    this.#init = init
  }

  async start(): Promise<void> {
    const { clock, keeper, random } = this.#components
    const { signal } = this.#controller
    const { periodMs = PERIOD_MS } = this.#init
    keeper.onConnected(() => void this.#askAll())
    void repeat({ clock, random, signal, periodMs }, () => this.#askAll())
  }

  async stop(): Promise<void> {
    this.#controller.abort()
  }

  async #askAll(): Promise<void> {
    const peers = this.#components.keeper.peers.filter((peer) => !this.#wasAsked(peer))
    await Promise.all(peers.map((peer) => this.#ask(peer)))
  }

  #wasAsked(peer: string): boolean {
    const askedAtMs = this.#askedAtMs.get(peer) ?? -Infinity
    return this.#components.clock.monotonicMs() - askedAtMs < RECENT_MS
  }

  /** Never rejects. */
  async #ask(peer: string): Promise<void> {
    const { clock, logger } = this.#components
    if (this.#controller.signal.aborted) return
    this.#askedAtMs.set(peer, clock.monotonicMs())
    try {
      await this.#readPages(peer)
    } catch (cause) {
      this.#askedAtMs.delete(peer)
      const { code } = MeshError.from(cause)
      if (!this.#controller.signal.aborted)
        logger.debug({ peer, code }, 'a bootstrap does not say which workers there are')
    }
  }

  async #readPages(peer: string): Promise<void> {
    const { namespace } = this.#init
    const options = { signal: this.#controller.signal, timeoutMs: ANSWER_TIMEOUT_MS }
    let cursor: string | undefined
    for (let count = 0; count < PAGES_MAX; count += 1) {
      const params = { namespace, ...(cursor === undefined ? {} : { cursor }) }
      // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
      const page = await this.#components.binding.ask(peer, 'FIND_NODES', params, options)
      // oxlint-disable-next-line no-await-in-loop
      await this.#take(page)
      if (page.next === undefined) return
      cursor = page.next
    }
  }

  async #take({ nodes }: FindNodesResult): Promise<void> {
    for (const { record: sealed } of nodes) {
      if (this.#controller.signal.aborted) return
      // oxlint-disable-next-line no-await-in-loop -- a signature is checked; others have their turn meanwhile
      const record = await this.#open(sealed)
      if (record !== undefined) this.#components.onFound(record)
    }
  }

  async #open(sealed: string | undefined): Promise<CapabilityRecord | undefined> {
    const { access } = this.#components
    if (sealed === undefined) return undefined
    try {
      const record = await openRecord(Buffer.from(sealed, 'base64'))
      const { certificate, namespace, peer_id: peer } = record
      if (namespace !== this.#init.namespace) return undefined
      if (!(await access.vouchesFor(peer, certificate))) return undefined
      const member = access.memberOf(peer)
      return member === undefined || member.role === 'worker' ? record : undefined
    } catch {
      // Made up, or of a newer version: the others count all the same.
      return undefined
    }
  }
}
