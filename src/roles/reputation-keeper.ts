/** Keeps the router's ledger on disk: read at the start, written when it has changed, and at the end. */
import { ReputationLedger } from '../reputation/ledger.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Reputation } from '../reputation/ledger.ts'
import type { Startable } from '../core/startable.ts'

const NOTE = 'reputation'
const SAVE_MS = 10_000

export class ReputationKeeper implements Startable {
  readonly #components: { store: JobStore; clock: Clock; logger: Logger }
  #ledger = new ReputationLedger()
  #saved = ''
  #cancel: CancelTimer = () => {}

  constructor(components: { store: JobStore; clock: Clock; logger: Logger }) {
    this.#components = components
  }

  /** The ledger; complete after `start`. */
  get ledger(): ReputationLedger {
    return this.#ledger
  }

  /** Looks one worker up in whatever the ledger then knows. */
  reader(nowMs: () => number): (peer: string) => Reputation {
    return (peer) => this.#ledger.of(peer, nowMs())
  }

  async start(): Promise<void> {
    const { clock, store } = this.#components
    const text = await store.note(NOTE)
    if (text !== undefined) {
      this.#ledger = ReputationLedger.fromJSON(JSON.parse(text))
      this.#saved = text
    }
    this.#cancel = clock.every(SAVE_MS, () => void this.#save())
  }

  async stop(): Promise<void> {
    this.#cancel()
    await this.#save()
  }

  async #save(): Promise<void> {
    const text = JSON.stringify(this.#ledger)
    if (text === this.#saved) return
    try {
      await this.#components.store.apply([{ kind: 'note', name: NOTE, text }])
      this.#saved = text
    } catch (cause) {
      this.#components.logger.error({ err: cause }, 'reputation could not be stored')
    }
  }
}
