/**
 * Sees to it that what storage jobs have placed stays: while a file has fewer copies than were asked for, and
 * has had for a while, it has them placed anew, by a job of the storage job's own. It ends with the date.
 */
import { STORAGE_COPIES } from '../model/engines.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { readMeshFile } from '../model/input-uri.ts'
import { parseMoment } from '../core/moment.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Startable } from '../core/startable.ts'
import type { StorageTask } from '../model/generated/job.ts'

/** A peer that has a file whole. */
export interface FileKeeping {
  peer: string
  /** Storage jobs for which it keeps it. */
  keptFor: readonly string[]
}

export interface StorageKeeperComponents {
  clock: Clock
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  store: Pick<JobStore, 'apply' | 'note' | 'document'>
  keepings: (fileId: string) => readonly FileKeeping[]
  /** Has a job placed; gives its id. @throws MeshError */
  submit: (document: JobDocument, init: { submitter: string; parentId: string }) => Promise<string>
}

export interface StorageKeeperInit {
  /** How long a copy may be away before it counts as lost: a restart, a night's update. @default 300000 */
  graceMs?: number
  /** @default 30000 */
  checkMs?: number
}

/** What somebody has asked for, and is held until its date. */
export interface StorageOrder {
  jobId: string
  submitter: string
  fileId: string
  copies: number
  untilMs: number
  /** The job and those that replaced copies: a copy that is kept for any of them counts. */
  jobIds: readonly string[]
}

interface Watched {
  order: StorageOrder
  /** Since when there are too few. */
  shortSinceMs: number | undefined
  /** The job that places new copies now. */
  replacingId: string | undefined
}

const NOTE = 'storage-orders'
const DEFAULTS = { graceMs: 300_000, checkMs: 30_000 } as const

export class StorageKeeper implements Startable {
  readonly #components: StorageKeeperComponents
  readonly #init: Required<StorageKeeperInit>
  readonly #watched = new Map<string, Watched>()
  #cancelCheck: CancelTimer | undefined
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve()

  constructor(components: StorageKeeperComponents, init: StorageKeeperInit = {}) {
    this.#components = components
    this.#init = { ...DEFAULTS, ...init }
  }

  /** Goes on with what an earlier life of this router held. @throws MeshError STORE_FAILED */
  async start(): Promise<void> {
    const { clock, store } = this.#components
    const text = await store.note(NOTE)
    const orders = text === undefined ? [] : (JSON.parse(text) as StorageOrder[])
    for (const order of orders) this.#watch(order)
    this.#cancelCheck = clock.every(this.#init.checkMs, () => void this.check())
  }

  async stop(): Promise<void> {
    this.#cancelCheck?.()
    this.#cancelCheck = undefined
    await this.#work
  }

  /** What is asked for of a file now, and how many copies of it there are. */
  ordersOf(fileId: string): (StorageOrder & { heldCount: number })[] {
    return [...this.#watched.values()]
      .filter(({ order }) => order.fileId === fileId)
      .map(({ order }) => ({ ...order, heldCount: this.#keepers(order).length }))
  }

  /** A job has changed. Those of other engines are none of its business. */
  onJob(job: JobRecord): void {
    if (job.engine !== 'storage' || !isTerminal(job.state)) return
    const replaced = [...this.#watched.values()].find(({ replacingId }) => replacingId === job.id)
    if (replaced !== undefined) replaced.replacingId = undefined
    else if (job.state === 'completed') this.#queue(async () => await this.#take(job))
  }

  /** Looks at all orders. Never rejects. */
  async check(): Promise<void> {
    this.#queue(async () => {
      const nowMs = this.#components.nowMs()
      const over = [...this.#watched.values()].filter(({ order }) => order.untilMs <= nowMs)
      for (const { order } of over) this.#watched.delete(order.jobId)
      if (over.length > 0) await this.#save()
      for (const watched of this.#watched.values()) {
        // oxlint-disable-next-line no-await-in-loop -- one replacement at a time is no hurry
        if (this.#isShort(watched, nowMs)) await this.#replace(watched)
      }
    })
    await this.#work
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((cause: unknown) => {
      this.#components.logger.warn({ err: cause }, 'a storage job was not seen to, trying again')
    })
  }

  #watch(order: StorageOrder): void {
    this.#watched.set(order.jobId, { order, shortSinceMs: undefined, replacingId: undefined })
  }

  async #take(job: JobRecord): Promise<void> {
    if (this.#watched.size >= LIMITS.storageOrdersMax) {
      throw new MeshError('QUEUE_FULL', `${this.#watched.size} files are kept already`)
    }
    const text = await this.#components.store.document(job.id)
    if (text === undefined) return
    const {
      copies = STORAGE_COPIES,
      file,
      until
    } = (JSON.parse(text) as JobDocument).task as StorageTask
    this.#watch({
      copies,
      jobId: job.id,
      submitter: job.submitter,
      fileId: readMeshFile(file, 'task.file').file,
      untilMs: parseMoment(until, 'task.until'),
      jobIds: [job.id]
    })
    await this.#save()
  }

  /** For longer than a moment, and with nobody at it. */
  #isShort(watched: Watched, nowMs: number): boolean {
    const isShort = this.#keepers(watched.order).length < watched.order.copies
    if (!isShort || watched.replacingId !== undefined) {
      watched.shortSinceMs = undefined
      return false
    }
    watched.shortSinceMs ??= nowMs
    return nowMs - watched.shortSinceMs >= this.#init.graceMs
  }

  /** Peers that keep a copy for it. */
  #keepers({ fileId, jobIds }: StorageOrder): string[] {
    return this.#components
      .keepings(fileId)
      .filter(({ keptFor }) => keptFor.some((jobId) => jobIds.includes(jobId)))
      .map(({ peer }) => peer)
  }

  async #replace(watched: Watched): Promise<void> {
    const { logger, submit } = this.#components
    const { order } = watched
    const keepers = this.#keepers(order)
    const copies = order.copies - keepers.length
    const { fileId, jobId, submitter, untilMs } = order
    const document: JobDocument = {
      name: `replaces copies of ${jobId}`,
      task: {
        engine: 'storage',
        file: `mesh:${fileId}`,
        copies,
        until: new Date(untilMs).toISOString()
      },
      ...(keepers.length === 0 ? {} : { where: { never: keepers } })
    }
    // Whatever becomes of it, the next comes after as long a wait.
    watched.shortSinceMs = undefined
    const replacingId = await submit(document, { submitter, parentId: jobId })
    logger.info({ jobId, fileId, copies, replacingId }, 'copies of a file are replaced')
    watched.replacingId = replacingId
    const jobIds = [...order.jobIds, replacingId].slice(-JOB_IDS_MAX)
    watched.order = { ...order, jobIds }
    await this.#save()
  }

  async #save(): Promise<void> {
    const orders = [...this.#watched.values()].map(({ order }) => order)
    await this.#components.store.apply([{ kind: 'note', name: NOTE, text: JSON.stringify(orders) }])
  }
}

/** Copies that were placed by so many jobs ago have long been replaced themselves. */
const JOB_IDS_MAX = 256
