/**
 * Keeps the router's ledger: counts what attempts say, writes it down as evidence, and makes the ledger anew from
 * that evidence at the start.
 */
import { join } from 'node:path'
import { EvidenceLog } from './evidence-log.ts'
import { EvidenceReader } from './evidence-reader.ts'
import { ItemCases } from '../reputation/cases.ts'
import { KnownPromises } from '../reputation/promises.ts'
import { ReceiptDigests } from '../reputation/receipt-digests.ts'
import { Tally } from '../observe/readings.ts'
import { ReputationLedger } from '../reputation/ledger.ts'
import { checkpointOfNote } from '../reputation/old-note.ts'
import { outcomeOf, replay } from '../reputation/evidence.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Imported, Reputation } from '../reputation/reputation.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Readings } from '../observe/readings.ts'
import type { ReceiptDigest } from '../reputation/receipt-digests.ts'
import type { Startable } from '../core/startable.ts'

/** In which earlier versions kept the ledger. */
const NOTE = 'reputation'
const WRITE_MS = 1_000

export interface ReputationKeeperComponents {
  store: Pick<JobStore, 'note'>
  clock: Clock
  logger: Logger
  /** Whole milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export interface ReputationKeeperInit {
  /** The node's. */
  folder: string
  /** Disk for evidence. */
  evidenceBytesMax: number
}

export class ReputationKeeper implements Startable {
  readonly evidence: EvidenceReader
  readonly #components: ReputationKeeperComponents
  readonly #log: EvidenceLog
  #ledger = new ReputationLedger()
  readonly #cases = new ItemCases()
  readonly #outcomes = new Tally('kind')
  readonly #promises = new KnownPromises()
  readonly #receipts = new ReceiptDigests()
  #cancel: CancelTimer = () => {}

  constructor(components: ReputationKeeperComponents, init: ReputationKeeperInit) {
    const { logger, nowMs } = components
    this.#components = components
    this.#log = new EvidenceLog(
      { logger, checkpoint: () => this.#ledger.toDocument(nowMs()) },
      { folder: join(init.folder, 'evidence'), bytesMax: init.evidenceBytesMax }
    )
    this.evidence = new EvidenceReader({
      segments: () => this.#log.segments,
      flush: () => this.#log.flush()
    })
  }

  /** All that is counted now; not to be changed by anybody else. */
  get ledger(): ReputationLedger {
    return this.#ledger
  }

  /** By its own clock, which is that of the evidence. */
  nowMs(): number {
    return this.#components.nowMs()
  }

  /** What is known of a worker now. */
  of(peer: string): Reputation {
    return this.#ledger.of(peer, this.#components.nowMs())
  }

  /** All known workers, best first. */
  list(): Reputation[] {
    return this.#ledger.list(this.#components.nowMs())
  }

  /** What there is to say of the receipts that were counted; undefined where there were none in this life. */
  receiptsOf(peer: string): ReceiptDigest | undefined {
    return this.#receipts.of(peer)
  }

  readings(): Readings {
    const { quarantined, workers } = this.#ledger.counts(this.#components.nowMs())
    return {
      taskmesh_reputation_workers: workers,
      taskmesh_reputation_quarantined_workers: quarantined,
      taskmesh_reputation_outcomes_total: this.#outcomes.samples()
    }
  }

  record(outcome: AttemptOutcome): void {
    const nowMs = this.#components.nowMs()
    for (const settled of this.#cases.settle(this.#promises.weigh(outcome), nowMs)) {
      const change = this.#ledger.record(settled, nowMs)
      if (change === undefined) continue
      this.#log.append(settled, nowMs)
      this.#outcomes.add([settled.kind])
      const { receipt, workerId } = settled
      if (receipt !== undefined) this.#receipts.add(workerId, receipt, nowMs)
      // A router that forgot it in a crash would go on to believe a cheat.
      if (change.wrong > 0) void this.#log.flush(true)
    }
  }

  /** Takes what listed routers say of a worker, in place of what they said before. */
  setImported(peer: string, imported: Imported): void {
    this.#ledger.setImported(peer, imported)
  }

  async start(): Promise<void> {
    const { clock, store } = this.#components
    const found = await this.#log.recover()
    if (found === undefined) {
      const note = await store.note(NOTE)
      if (note !== undefined) this.#ledger = ReputationLedger.fromDocument(checkpointOfNote(note))
    } else {
      this.#ledger = ReputationLedger.fromDocument(found.checkpoint)
      for (const entry of found.entries) replay(this.#ledger, entry)
      for (const entry of [...found.earlier, ...found.entries]) {
        this.#cases.recall(outcomeOf(entry), entry.at_ms)
      }
    }
    await this.#log.open()
    this.#cancel = clock.every(WRITE_MS, () => void this.#log.flush())
  }

  async stop(): Promise<void> {
    this.#cancel()
    await this.#log.close()
  }
}
