/**
 * Logs for those who ask: as they are, or as they come. A follower is only woken; what it tells it reads
 * from the store, so that nothing is told twice or left out, however attempts end and begin meanwhile.
 */
import { MeshError } from '../../core/errors.ts'
import { isTerminal, shownAttempt } from '../../jobs/records.ts'
import type { AttemptRecord, ItemRecord } from '../../jobs/records.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { JobLogs, LogKey } from './job-logs.ts'
import type { JobReader } from './job-reader.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { JobWatchers } from './job-watchers.ts'
import type { Logger } from '../../observe/logger.ts'
import type { LogView } from '../../model/generated/api-log.ts'

export interface LogReaderComponents {
  reader: Pick<JobReader, 'find' | 'indexOf'>
  logs: JobLogs
  store: Pick<JobStore, 'attempts' | 'itemsAt'>
  dispatcher: Pick<Dispatcher, 'liveAttempts'>
  watchers: JobWatchers
  logger: Logger
}

/** Without `item` that of a job's only item, without `attempt` the newest. */
interface LogRequest {
  item?: string
  attempt?: number
}

export class LogReader {
  readonly #components: LogReaderComponents

  constructor(components: LogReaderComponents) {
    this.#components = components
  }

  /** @throws MeshError NOT_FOUND where there is no such attempt; JOB_NOT_FOUND, ID_AMBIGUOUS */
  async log(id: string, which: LogRequest): Promise<LogView> {
    const item = await this.#itemOf(id, which)
    const attempt = which.attempt ?? shownAttempt(item)
    assertThere(item, attempt)
    const key = keyOf(item, attempt)
    // Looked at first: entries that come between the two make the answer newer, not wrong.
    const isComplete = !this.isOpen(key)
    const entries = await this.#components.logs.read(key)
    const whole = isComplete ? await wholeLog(this.#components.store, key) : {}
    return viewOf(item, { attempt, from: 0, entries, is_complete: isComplete, ...whole })
  }

  /**
   * What is there of a log, then what comes, until its attempt has ended; without `attempt` from the
   * newest on until the item has ended. `onEnd` is called once, when nothing more can come, and not after
   * the following was ended.
   * @returns what ends it
   * @throws MeshError NOT_FOUND where there is no such attempt; JOB_NOT_FOUND, ID_AMBIGUOUS
   */
  async followLog(
    id: string,
    which: LogRequest,
    onPart: (part: LogView) => void,
    onEnd: () => void
  ): Promise<() => void> {
    const item = await this.#itemOf(id, which)
    const { attempt } = which
    if (attempt !== undefined) assertThere(item, attempt)
    const isOpen = this.isOpen.bind(this)
    const follower = new LogFollower(
      { ...this.#components, isOpen },
      { item, attempt, onPart, onEnd }
    )
    void follower.run()
    return () => follower.stop()
  }

  /** Whether an attempt may still write. */
  isOpen({ attempt, itemIndex, jobId }: LogKey): boolean {
    const live = this.#components.dispatcher.liveAttempts(jobId, itemIndex)
    return live.some(({ endedAtMs, number }) => number === attempt && endedAtMs === null)
  }

  async #itemOf(id: string, which: LogRequest): Promise<ItemRecord> {
    const { reader, store } = this.#components
    const job = await reader.find(id)
    if (which.item === undefined && job.itemCount > 1) {
      throw new MeshError(
        'FIELD_MISSING',
        `${job.id} has ${job.itemCount} items, each with its own log`,
        {
          path: 'item',
          hint: 'name one of them'
        }
      )
    }
    const index = which.item === undefined ? 0 : await reader.indexOf(job.id, which.item)
    const [item] = await store.itemsAt(job.id, [index])
    if (item === undefined) throw new MeshError('NOT_FOUND', `${job.id} has no item ${index}`)
    return item
  }
}

interface Following {
  /** As it was when the following began. */
  item: ItemRecord
  /** That one alone. */
  attempt: number | undefined
  onPart: (part: LogView) => void
  onEnd: () => void
}

interface LogFollowerComponents extends LogReaderComponents {
  isOpen: (key: LogKey) => boolean
}

class LogFollower {
  readonly #components: LogFollowerComponents
  readonly #following: Following
  #isStopped = false
  /** Called when there may be something new. */
  #wake: () => void = () => {}
  #isAwake = true

  constructor(components: LogFollowerComponents, following: Following) {
    this.#components = components
    this.#following = following
  }

  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { attempt, item, onEnd } = this.#following
    const unwatch = this.#watch(item)
    try {
      await (attempt === undefined ? this.#followItem() : this.#followAttempt(attempt))
    } catch (cause) {
      // The reader is told that nothing more comes, which is true, and may ask again.
      this.#components.logger.error(
        { jobId: item.jobId, item: item.id, attempt, err: cause },
        'a log could not be followed'
      )
    } finally {
      unwatch()
      if (!this.#isStopped) onEnd()
    }
  }

  async #followItem(): Promise<void> {
    let next = Math.max(1, shownAttempt(this.#following.item))
    while (!this.#isStopped) {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      const item = await this.#itemNow()
      if (item === undefined) return
      if (next <= item.attemptCount) {
        // oxlint-disable-next-line no-await-in-loop
        await this.#followAttempt(next)
        next += 1
      } else if (isTerminal(item.state)) return
      // oxlint-disable-next-line no-await-in-loop
      else await this.#nextWake()
    }
  }

  async #followAttempt(attempt: number): Promise<void> {
    const { isOpen, logs, store } = this.#components
    const key = keyOf(this.#following.item, attempt)
    const unfollow = logs.follow(key, () => this.#wakeUp())
    let from = 0
    try {
      for (let mayGrow = true; mayGrow;) {
        mayGrow = isOpen(key)
        // oxlint-disable-next-line no-await-in-loop -- one part after the other
        const entries = (await logs.read(key)).slice(from)
        if (this.#isStopped) return
        // oxlint-disable-next-line no-await-in-loop
        const whole = mayGrow ? {} : await wholeLog(store, key)
        this.#tell({ attempt, from, entries, is_complete: !mayGrow, ...whole })
        from += entries.length
        // oxlint-disable-next-line no-await-in-loop
        if (mayGrow) await this.#nextWake()
      }
    } finally {
      unfollow()
    }
  }

  #tell(part: Part): void {
    const { attempt, item, onPart } = this.#following
    const isEmpty = part.entries.length === 0
    // Refused attempts write nothing, and there may be many of them.
    const isSilent = part.from === 0 && attempt === undefined
    if (isEmpty && (isSilent || !part.is_complete)) return
    onPart(viewOf(item, part))
  }

  async #itemNow(): Promise<ItemRecord | undefined> {
    const { index, jobId } = this.#following.item
    const [item] = await this.#components.store.itemsAt(jobId, [index])
    return item
  }

  /** Changes of the job wake it where they are changes of its item. */
  #watch({ index, jobId }: ItemRecord): () => void {
    const { dispatcher, watchers } = this.#components
    let seen = openNumbers(dispatcher.liveAttempts(jobId, index))
    return watchers.add(jobId, ({ finished }) => {
      const live = openNumbers(dispatcher.liveAttempts(jobId, index))
      const isOther = live !== seen
      seen = live
      if (isOther || finished?.item.index === index) this.#wakeUp()
    })
  }

  #wakeUp(): void {
    this.#isAwake = true
    this.#wake()
  }

  /** Resolves once it was woken since the last time. */
  async #nextWake(): Promise<void> {
    if (!this.#isAwake && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#isAwake = false
  }
}

/** Those that may still write. */
function openNumbers(attempts: readonly AttemptRecord[]): string {
  const open = attempts.filter(({ endedAtMs }) => endedAtMs === null)
  return open.map(({ number }) => number).join()
}

/** Where all of an ended attempt's log is, if not here. */
async function wholeLog(
  store: Pick<JobStore, 'attempts'>,
  { attempt, itemIndex, jobId }: LogKey
): Promise<Pick<LogView, 'log_file'>> {
  const attempts = await store.attempts(jobId, { itemIndex, limit: attempt })
  const file = attempts.find(({ number }) => number === attempt)?.logFile ?? null
  return file === null ? {} : { log_file: { ...file } }
}

function keyOf({ index, jobId }: ItemRecord, attempt: number): LogKey {
  return { jobId, itemIndex: index, attempt }
}

type Part = Omit<LogView, 'job_id' | 'item'>

function viewOf({ id, jobId }: ItemRecord, part: Part): LogView {
  return { job_id: jobId, item: id, ...part }
}

function assertThere({ attemptCount, id, jobId }: ItemRecord, attempt: number): void {
  if (attempt >= 1 && attempt <= attemptCount) return
  const message =
    attemptCount === 0
      ? `item ${id} of ${jobId} was not sent to any worker yet`
      : `item ${id} of ${jobId} has no attempt ${attempt}, only ${attemptCount}`
  throw new MeshError('NOT_FOUND', message, {
    path: 'attempt',
    hint: `see \`taskmesh job attempts ${jobId}\``
  })
}
