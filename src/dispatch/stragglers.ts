/**
 * Looks after attempts that take longer than expected. A worker that has said nothing of one for twice as long is
 * asked whether it is there; one that does not answer gets nothing new until it is heard of. And where the fleet is
 * idle, a task that bears being run twice gets a backup copy elsewhere; whichever is first counts.
 */
import { answerWithinMs, lateAfterMs } from '../selection/late-check.ts'
import { MeshError } from '../core/errors.ts'
import { copiesMax, isMostlyIdle, isStraggling, isWorthCopy } from '../selection/backup.ts'
import { freeSlots } from '../selection/room.ts'
import { mayRunAgain } from '../jobs/retry.ts'
import { uncheckedCopies } from '../jobs/item-state.ts'
import { withTimeLimit } from '../core/abort.ts'
import type { Attempt } from './attempt.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CandidateSource, TaskLink } from './ports.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { JobPlan } from '../model/job.ts'
import type { Logger } from '../observe/logger.ts'
import type { Startable } from '../core/startable.ts'

export interface StragglersComponents {
  clock: Clock
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  logger: Logger
  dispatcher: Pick<Dispatcher, 'backUp' | 'openAttempts'>
  link: Pick<TaskLink, 'ask'>
  source: Pick<CandidateSource, 'candidates' | 'reported' | 'suspect' | 'workMs'>
}

/** A worker that was asked. */
interface Asked {
  isAnswering: boolean
  /** Not before this, by the clock that never jumps. */
  againAtMs: number
  pauseMs: number
}

/** Workers, by id. */
type Fleet = ReadonlyMap<string, Candidate>

const NOBODY: readonly Candidate[] = []

/** So often all open attempts are looked at. */
const PERIOD_MS = 100
/** Who answers is asked less and less often; the session's own beats come every five seconds. */
const AGAIN_MS_MAX = 5_000
/** A link that breaks is often there again at once. */
const GONE_MS = 1_000

export class Stragglers implements Startable {
  readonly #components: StragglersComponents
  readonly #controller = new AbortController()
  /** By worker, while attempts are open. */
  readonly #asked = new Map<string, Asked>()
  #cancelLook: CancelTimer | undefined

  constructor(components: StragglersComponents) {
    this.#components = components
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'the router is stopping'))
    this.#cancelLook?.()
    this.#asked.clear()
  }

  /** To be told when an attempt has begun: without any there is nothing to look at. */
  attemptBegan(): void {
    if (this.#cancelLook !== undefined || this.#controller.signal.aborted) return
    this.#cancelLook = this.#components.clock.after(PERIOD_MS, () => this.#look())
  }

  #look(): void {
    this.#cancelLook = undefined
    const { dispatcher, source } = this.#components
    const open = [...dispatcher.openAttempts()].filter(({ record }) => record.endedAtMs === null)
    if (open.length === 0) return this.#asked.clear()
    const candidates = source.candidates()
    const byPeer = new Map(candidates.map((candidate) => [candidate.peerId, candidate]))
    for (const attempt of open) this.#checkLate(attempt, byPeer.get(attempt.record.workerId))
    this.#backUpSome(open, candidates, byPeer)
    this.attemptBegan()
  }

  /** One that is not among the candidates has no session: whoever waits for it is told when it is back. */
  #checkLate({ expected, heardAtMs, record }: Attempt, worker: Candidate | undefined): void {
    if (expected === undefined || worker === undefined) return
    const nowMs = this.#components.clock.monotonicMs()
    const silentMs = nowMs - heardAtMs
    if (silentMs < lateAfterMs(expected.totalMs)) return
    const asked = this.#asked.get(record.workerId)
    if (asked?.isAnswering === true || nowMs < (asked?.againAtMs ?? 0)) return
    void this.#ask(worker, asked?.pauseMs ?? PERIOD_MS)
  }

  /** Never rejects. */
  async #ask(worker: Candidate, pauseMs: number): Promise<void> {
    const { peerId } = worker
    const { clock, link, logger, source } = this.#components
    const asked: Asked = { isAnswering: true, againAtMs: 0, pauseMs: 2 * pauseMs }
    this.#asked.set(peerId, asked)
    const timeoutMs = answerWithinMs(worker)
    const message = `${peerId} did not answer in time`
    const { signal } = this.#controller
    try {
      const load = await withTimeLimit(
        { clock, timeoutMs, code: 'RESPONSE_TIMED_OUT', message, signal },
        async (limited) => await link.ask(peerId, { timeoutMs, signal: limited })
      )
      source.reported(peerId, load)
    } catch (cause) {
      // A link that breaks is known to whoever keeps it.
      if (MeshError.from(cause).code === 'RESPONSE_TIMED_OUT') {
        logger.info({ peer: peerId }, 'worker does not answer, and gets nothing new')
        source.suspect(peerId)
      }
    } finally {
      asked.isAnswering = false
      asked.pauseMs = Math.min(asked.pauseMs, AGAIN_MS_MAX)
      asked.againAtMs = clock.monotonicMs() + asked.pauseMs
    }
  }

  #backUpSome(open: readonly Attempt[], candidates: readonly Candidate[], byPeer: Fleet): void {
    const live = open.filter(({ record }) => record.role === 'backup').length
    const roomy = isMostlyIdle(candidates) ? candidates : NOBODY
    let left = copiesMax(open.length) - live
    for (const attempt of open) {
      if (left <= 0) return
      if (!isAlone(attempt)) continue
      const worker = byPeer.get(attempt.record.workerId)
      const isGone = this.#isGone(attempt, worker)
      const fitting = isGone ? candidates : this.#worthCopies(attempt, roomy, worker)
      if (this.#backUp(attempt, fitting)) left -= 1
    }
  }

  /** Whether its worker does not answer, or has been away for a while. */
  #isGone({ record }: Attempt, worker: Candidate | undefined): boolean {
    if (worker?.isSuspected === true) return true
    const { atMs = Infinity } = record.history.at(-1) ?? {}
    return record.state === 'unknown' && this.#components.nowMs() - atMs >= GONE_MS
  }

  /** Workers that would be done so much earlier that a copy is worth it. */
  #worthCopies(
    { job, record, startedAtMs }: Attempt,
    candidates: readonly Candidate[],
    worker: Candidate | undefined
  ): readonly Candidate[] {
    if (worker === undefined || candidates.length === 0) return NOBODY
    const { clock, source } = this.#components
    const workMs = source.workMs(job.plan.taskType)
    const straggler = {
      workerId: record.workerId,
      elapsedMs: clock.monotonicMs() - startedAtMs,
      runMs: workMs / worker.speed,
      latencyMs: worker.latencyMs ?? 0
    }
    if (!isStraggling(straggler)) return NOBODY
    return candidates.filter((candidate) => isWorthCopy(straggler, candidate, workMs))
  }

  /** @returns whether it has a copy now */
  #backUp({ item, job }: Attempt, fitting: readonly Candidate[]): boolean {
    const { dispatcher } = this.#components
    const free = fitting.filter((candidate) => freeSlots(candidate) > 0)
    return free.length > 0 && dispatcher.backUp(job, item.index, free)
  }
}

/** Whether it is all that its item has, and its task bears being run twice at once. */
function isAlone({ item, job }: Attempt): boolean {
  const active = job.item(item.index)
  if (active === undefined || active.attempts.length > 1 || active.places.length > 0) return false
  const { ending, pinnedTo } = active.record
  const isFree = ending === null && pinnedTo === null && uncheckedCopies(active.record).length === 0
  return isFree && mayHaveBackup(job.plan)
}

/** A job that would rather wait than run twice, or may run but once, has none, whatever its engine bears. */
function mayHaveBackup({ engine, isHedged, onDisconnect, retry }: JobPlan): boolean {
  return isHedged && mayRunAgain(retry) && onDisconnect.then === 'reroute' && engine !== 'storage'
}
