/**
 * Whether this worker takes new tasks, by its owner's word. What the owner said is kept in the
 * worker's folder: a cordoned worker comes back cordoned, and so does one that was being drained.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { formatDuration } from '../../core/units.ts'
import type { Availability } from './admission.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { SetAvailabilityParams } from '../../model/generated/commands-set-availability.ts'

export interface AvailabilityComponents {
  clock: Clock
  logger: Logger
}

export interface AvailabilityInit {
  /** The worker's own folder. */
  folder: string
  /** Called when a drain begins. */
  onDrain: () => void
  /** Called when the time of what still runs is up. */
  onDeadline: () => void
  /** Called when the worker is opened again. */
  onOpen: () => void
}

const FILE = 'availability.json'

export class AvailabilityKeeper {
  readonly #components: AvailabilityComponents
  readonly #init: AvailabilityInit
  readonly #file: string
  #current: Availability = 'open'
  #reason: string | undefined
  #cancelDeadline: CancelTimer | undefined

  constructor(components: AvailabilityComponents, init: AvailabilityInit) {
    this.#components = components
    this.#init = init
    this.#file = join(init.folder, FILE)
  }

  get current(): Availability {
    return this.#current
  }

  /** Why it is not open. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Takes up what the owner said to the last run. */
  load(): void {
    const { logger } = this.#components
    try {
      const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, unknown>
      if (kept['availability'] === 'open') return
      const { reason } = kept
      this.#reason = typeof reason === 'string' && reason !== '' ? reason : undefined
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
      // Better idle and told so than at work against the owner's will.
      this.#reason = 'what its owner said last cannot be read'
      logger.warn({ file: this.#file, error: messageOf(cause) }, 'availability file unreadable')
    }
    this.#current = 'cordoned'
    logger.info({ reason: this.#reason }, 'still cordoned: no new tasks')
  }

  /** The owner's word; without effect on a worker that is about to end. */
  set(params: SetAvailabilityParams): void {
    if (this.#current === 'stopping') return
    const { availability, deadline_ms: deadlineMs, reason } = params
    this.#change(availability, reason)
    this.#save()
    if (availability === 'open') this.#init.onOpen()
    if (availability !== 'draining') return
    this.#init.onDrain()
    if (deadlineMs !== undefined) this.#armDeadline(deadlineMs)
  }

  /** As `cordoned`, but the next run begins open. */
  cordonForThisRun(reason: string): void {
    if (this.#current === 'open') this.#change('cordoned', reason)
  }

  /** The worker is to end; what runs may go on for so long. */
  beginStop(graceMs: number): void {
    this.#change('stopping', undefined)
    this.#armDeadline(graceMs)
  }

  /** No timer outlives this. */
  close(): void {
    this.#cancelDeadline?.()
    this.#cancelDeadline = undefined
  }

  #change(to: Availability, reason: string | undefined): void {
    // A stop keeps the deadline of a drain, if that comes first.
    if (to !== 'stopping') this.close()
    this.#current = to
    this.#reason = to === 'open' || reason === '' ? undefined : reason
    this.#components.logger.info({ reason: this.#reason }, PHRASES[to])
  }

  #armDeadline(deadlineMs: number): void {
    const { clock, logger } = this.#components
    const earlier = this.#cancelDeadline
    const cancel = clock.after(deadlineMs, () => {
      logger.info({ after: formatDuration(deadlineMs) }, 'deadline: what still runs is cut off')
      this.#init.onDeadline()
    })
    this.#cancelDeadline = () => {
      earlier?.()
      cancel()
    }
  }

  #save(): void {
    const text = JSON.stringify({ availability: this.#current, reason: this.#reason })
    try {
      writeFileSync(`${this.#file}.new`, `${text}\n`, { mode: 0o600 })
      renameSync(`${this.#file}.new`, this.#file)
    } catch (cause) {
      const fields = { file: this.#file, error: messageOf(cause) }
      this.#components.logger.error(fields, 'availability not kept: the next run begins as before')
    }
  }
}

const PHRASES: Readonly<Record<Availability, string>> = {
  open: 'open: takes new tasks',
  cordoned: 'cordoned: no new tasks',
  draining: 'draining: no new tasks',
  stopping: 'stopping: no new tasks'
}
