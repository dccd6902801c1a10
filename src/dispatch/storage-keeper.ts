/**
 * Sees to it that what storage jobs have placed stays: while a file has fewer copies than were asked for, and
 * has had for a while, it has them placed anew, by a job of the storage job's own. It ends with the date. What
 * it is about to do is on disk before it does it, so that a restart does nothing twice.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { newJobId } from '../core/ids.ts'
import { readMeshFile } from '../model/input-uri.ts'
import { parseMoment } from '../core/moment.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'
import type { StorageTask } from '../model/generated/job.ts'

/** A peer that has a file whole, and can be reached. */
export interface FileKeeping {
  peer: string
  /** Storage jobs for which it keeps it. */
  keptFor: readonly string[]
}

export interface StorageKeeperComponents {
  clock: Clock
  logger: Logger
  random: Random
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  store: Pick<JobStore, 'apply' | 'note' | 'document' | 'job'>
  keepings: (fileId: string) => readonly FileKeeping[]
  /** Has a job placed, under an id of ours. @throws MeshError */
  submit: (
    document: JobDocument,
    init: { id: string; submitter: string; parentId: string }
  ) => Promise<void>
}

export interface StorageKeeperInit {
  /** How long a copy may be away before it counts as lost: a restart, a night's update. @default 300000 */
  graceMs?: number
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
  /** The one of them that places copies now. */
  placingId: string | null
}

interface Watched {
  order: StorageOrder
  /** Since when there are too few. */
  shortSinceMs: number | undefined
}

const NOTE = 'storage-orders'
const GRACE_MS = 300_000
/** Often enough to see the end of the grace, and no more often than somebody could care. */
const CHECKS_PER_GRACE = 4
const CHECK_MS_MIN = 500
const CHECK_MS_MAX = 30_000

export class StorageKeeper implements Startable {
  readonly #components: StorageKeeperComponents
  readonly #graceMs: number
  readonly #watched = new Map<string, Watched>()
  #cancelCheck: CancelTimer | undefined
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve()
  #queuedCount = 0
  #isSaved = true

  constructor(components: StorageKeeperComponents, init: StorageKeeperInit = {}) {
    this.#components = components
    this.#graceMs = init.graceMs ?? GRACE_MS
  }

  /** Goes on with what an earlier life of this router held. @throws MeshError STORE_FAILED */
  async start(): Promise<void> {
    const { clock, store } = this.#components
    const text = await store.note(NOTE)
    for (const order of text === undefined ? [] : (JSON.parse(text) as StorageOrder[])) {
      this.#watch(order)
      // It may never have come into the store, or have ended just before.
      // oxlint-disable-next-line no-await-in-loop -- few place copies at a time
      const placing = order.placingId === null ? undefined : await store.job(order.placingId)
      if (order.placingId !== null) this.#placed(order.placingId, placing?.state ?? 'failed')
    }
    const checkMs = Math.min(CHECK_MS_MAX, Math.max(CHECK_MS_MIN, this.#graceMs / CHECKS_PER_GRACE))
    this.#cancelCheck = clock.every(checkMs, () => void this.check())
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

  /** Whether a job is not to be forgotten yet: it says what is asked for, or its copies count. */
  needs(jobId: string): boolean {
    return this.#orderWith(jobId) !== undefined
  }

  /** A job has come or has changed, and that is stored. Those of other engines are none of its business. */
  onJob(job: JobRecord): void {
    // Each firing of a schedule is a job of its own.
    if (job.engine !== 'storage' || job.spec.schedule?.cron !== undefined) return
    this.#queue(async () => {
      if (this.#orderWith(job.id) !== undefined) this.#placed(job.id, job.state)
      else if (!isTerminal(job.state) || job.state === 'completed') await this.#open(job)
    })
  }

  /** Looks at all orders. Never rejects. */
  async check(): Promise<void> {
    this.#queue(async () => {
      const nowMs = this.#components.nowMs()
      for (const { order } of this.#watched.values()) {
        if (order.untilMs <= nowMs) this.#drop(order)
      }
      for (const watched of this.#watched.values()) {
        // oxlint-disable-next-line no-await-in-loop -- one replacement at a time is no hurry
        if (this.#isShort(watched, nowMs)) await this.#replace(watched)
      }
    })
    await this.#work
  }

  /** Of many changes at once, only the last is written. */
  #queue(work: () => Promise<void>): void {
    this.#queuedCount += 1
    this.#work = this.#runAfter(this.#work, work)
  }

  /** Never rejects. */
  async #runAfter(earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    const { logger } = this.#components
    await earlier
    await work().catch((cause: unknown) => {
      logger.warn({ err: cause }, 'a storage job was not seen to')
    })
    this.#queuedCount -= 1
    if (this.#queuedCount > 0 || this.#isSaved) return
    await this.#save().catch((cause: unknown) => {
      logger.warn({ err: cause }, 'what is to be kept could not be stored')
    })
  }

  #watch(order: StorageOrder): void {
    this.#watched.set(order.jobId, { order, shortSinceMs: undefined })
  }

  #drop({ jobId }: StorageOrder): void {
    this.#watched.delete(jobId)
    this.#isSaved = false
  }

  #orderWith(jobId: string): Watched | undefined {
    const own = this.#watched.get(jobId)
    if (own !== undefined) return own
    return [...this.#watched.values()].find(({ order }) => order.jobIds.includes(jobId))
  }

  /** How a job that places copies stands. What could not be placed as it was asked for is not held. */
  #placed(jobId: string, state: JobRecord['state']): void {
    const watched = this.#orderWith(jobId)
    if (watched?.order.placingId !== jobId || !isTerminal(state)) return
    if (jobId === watched.order.jobId && state !== 'completed') return this.#drop(watched.order)
    watched.order = { ...watched.order, placingId: null }
    this.#isSaved = false
  }

  async #open(job: JobRecord): Promise<void> {
    if (this.#watched.size >= LIMITS.storageOrdersMax) {
      throw new MeshError('QUEUE_FULL', `${this.#watched.size} files are kept already`)
    }
    const text = await this.#components.store.document(job.id)
    if (text === undefined) return
    const { file, until } = (JSON.parse(text) as JobDocument).task as StorageTask
    this.#watch({
      copies: job.itemCount,
      jobId: job.id,
      submitter: job.submitter,
      fileId: readMeshFile(file, 'task.file').file,
      untilMs: parseMoment(until, 'task.until'),
      jobIds: [job.id],
      placingId: isTerminal(job.state) ? null : job.id
    })
    this.#isSaved = false
  }

  /** For longer than a moment, and with nobody at it. */
  #isShort(watched: Watched, nowMs: number): boolean {
    const isShort = this.#keepers(watched.order).length < watched.order.copies
    if (!isShort || watched.order.placingId !== null) {
      watched.shortSinceMs = undefined
      return false
    }
    watched.shortSinceMs ??= nowMs
    return nowMs - watched.shortSinceMs >= this.#graceMs
  }

  /** Peers that keep a copy for it. */
  #keepers({ fileId, jobIds }: StorageOrder): string[] {
    return this.#components
      .keepings(fileId)
      .filter(({ keptFor }) => keptFor.some((jobId) => jobIds.includes(jobId)))
      .map(({ peer }) => peer)
  }

  async #replace(watched: Watched): Promise<void> {
    const { logger, random, store, submit } = this.#components
    const { order } = watched
    const { fileId, jobId, submitter } = order
    // Whatever becomes of it, the next comes after as long a wait.
    watched.shortSinceMs = undefined
    const text = await store.document(jobId)
    if (text === undefined) return
    const keepers = this.#keepers(order)
    const id = newJobId(random)
    watched.order = { ...order, placingId: id, jobIds: withJob(order.jobIds, id) }
    try {
      await this.#save()
      const document = replacementOf(JSON.parse(text) as JobDocument, order, keepers)
      await submit(document, { id, submitter, parentId: jobId })
      logger.info({ jobId, fileId, replacingId: id }, 'copies of a file are replaced')
    } catch (cause) {
      watched.order = order
      this.#isSaved = false
      throw cause
    }
  }

  async #save(): Promise<void> {
    const orders = [...this.#watched.values()].map(({ order }) => order)
    this.#isSaved = true
    try {
      await this.#components.store.apply([
        { kind: 'note', name: NOTE, text: JSON.stringify(orders) }
      ])
    } catch (cause) {
      this.#isSaved = false
      throw cause
    }
  }
}

/** Copies that were placed by so many jobs ago have long been replaced themselves. */
const JOB_IDS_MAX = 256

function withJob([first = '', ...others]: readonly string[], id: string): string[] {
  return [first, ...[...others, id].slice(1 - JOB_IDS_MAX)]
}

/** As the job asked, at once, for the copies that are missing, and where there is none yet. */
function replacementOf(
  { key: _key, needs: _needs, schedule: _schedule, where = {}, ...asked }: JobDocument,
  { copies, jobId }: StorageOrder,
  keepers: readonly string[]
): JobDocument {
  const never = [...new Set([...(where.never ?? []), ...keepers])]
  return {
    ...asked,
    name: `replaces copies of ${jobId}`,
    task: { ...(asked.task as StorageTask), copies: copies - keepers.length },
    ...(never.length === 0 && Object.keys(where).length === 0 ? {} : { where: { ...where, never } })
  }
}
