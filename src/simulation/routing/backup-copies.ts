/** Runs the project's rule for backup copies every tenth of a second, and ends the copies that came second. */
import { copiesMax, isMostlyIdle, isStraggling, isWorthCopy } from '../../selection/backup.ts'
import { freeSlots } from '../../selection/room.ts'
import type { Attempt, SimJob } from './attempt.ts'
import type { MeshRouter } from './mesh-router.ts'
import type { Probes } from './probes.ts'
import type { RouterInit } from './router.ts'
import type { WorkerView } from './worker-view.ts'

const EVERY_MS = 100

export class BackupCopies {
  readonly #router: MeshRouter
  readonly #init: RouterInit
  readonly #probes: Probes
  /** The attempts of jobs that have two. */
  readonly #copied = new Map<SimJob, readonly Attempt[]>()

  constructor(router: MeshRouter, init: RouterInit, probes: Probes) {
    this.#router = router
    this.#init = init
    this.#probes = probes
  }

  start(): void {
    this.#init.events.after(EVERY_MS, () => {
      this.#look()
      this.start()
    })
  }

  hasOther({ job }: Attempt): boolean {
    return this.#copied.get(job)?.some((copy) => this.#router.open.has(copy)) ?? false
  }

  stopOthers({ job }: Attempt): void {
    for (const copy of this.#copied.get(job) ?? []) {
      if (this.#router.open.has(copy)) this.#router.stop(copy)
    }
    this.#copied.delete(job)
  }

  #look(): void {
    const { heldCount, open, views } = this.#router
    if (heldCount > 0 || open.size === 0) return
    this.#probes.refresh('old')
    if (!isMostlyIdle(views)) return
    let left = copiesMax(open.size) - this.#copied.size
    for (const attempt of open) {
      if (left <= 0) return
      if (this.#copy(attempt)) left -= 1
    }
  }

  /** @returns whether it has a copy now */
  #copy(attempt: Attempt): boolean {
    const { job, sentMs, worker } = attempt
    if (this.#copied.has(job) || job.isDone) return false
    const { times, views } = this.#router
    const view = views[worker] as WorkerView
    const workMs = times.workMs(job.taskType)
    const straggler = {
      workerId: view.peerId,
      elapsedMs: this.#init.events.nowMs - sentMs,
      runMs: workMs / view.speed,
      latencyMs: view.latencyMs ?? 0
    }
    if (!isStraggling(straggler)) return false
    const fitting = views.filter(
      (candidate) => freeSlots(candidate) > 0 && isWorthCopy(straggler, candidate, workMs)
    )
    const there = this.#router.choose(job, fitting)
    if (there === undefined) return false
    this.#init.tally.backups += 1
    this.#copied.set(job, [attempt, this.#router.send(job, there)])
    return true
  }
}
