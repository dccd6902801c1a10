/** Keeps the router's ledger on disk: read at the start, written when it has changed, and at the end. */
import { ReputationLedger } from '../reputation/ledger.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Reputation } from '../reputation/ledger.ts'
import type { Startable } from '../core/startable.ts'

const NOTE = 'reputation'
const SAVE_MS = 10_000

export interface ReputationKeeperComponents {
  store: JobStore
  clock: Clock
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export class ReputationKeeper implements Startable {
  readonly #components: ReputationKeeperComponents
  #ledger = new ReputationLedger()
  #hasChanged = false
  #cancel: CancelTimer = () => {}

  constructor(components: ReputationKeeperComponents) {
    this.#components = components
  }

  /** What is known of a worker now. */
  of(peer: string): Reputation {
    return this.#ledger.of(peer, this.#components.nowMs())
  }

  /** All known workers, best first. */
  list(): Reputation[] {
    return this.#ledger.list(this.#components.nowMs())
  }

  record(outcome: AttemptOutcome): void {
    if (this.#ledger.record(outcome, this.#components.nowMs())) this.#hasChanged = true
  }

  async start(): Promise<void> {
    const { clock, store } = this.#components
    const text = await store.note(NOTE)
    if (text !== undefined) this.#ledger = ReputationLedger.fromJSON(JSON.parse(text))
    this.#cancel = clock.every(SAVE_MS, () => void this.#save())
  }

  async stop(): Promise<void> {
    this.#cancel()
    await this.#save()
  }

  /** A ledger in which nothing has changed is never written: after a failed start that would be an empty one. */
  async #save(): Promise<void> {
    if (!this.#hasChanged) return
    this.#hasChanged = false
    try {
      const text = JSON.stringify(this.#ledger)
      await this.#components.store.apply([{ kind: 'note', name: NOTE, text }])
    } catch (cause) {
      this.#hasChanged = true
      this.#components.logger.error({ err: cause }, 'reputation could not be stored')
    }
  }
}
