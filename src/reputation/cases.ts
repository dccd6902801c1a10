/**
 * What several attempts of one item say together. A task that breaks whoever runs it marks the job, not the
 * fleet: from the second worker on nobody is blamed, and the first is cleared. That is a presumption: should
 * another worker complete the task after all, those that it died on bear their faults, so that two who always
 * fail cannot excuse each other. An outcome that comes twice, as after a crash of the router, counts once.
 */
import { RecentMap } from '../core/recent-map.ts'
import { faultOf } from './outcomes.ts'
import type { AttemptName, AttemptOutcome, ServiceFault } from './outcomes.ts'

/** Items that died somewhere; the one that did so longest ago is forgotten, and its blame stays as it is. */
const CASES_MAX = 10_000
/** More of one item say nothing new. */
const DEATHS_MAX = 16
/** Attempts of which it is known that they were counted, at least: those of the last seconds before a crash come again. */
const COUNTED_MIN = 10_000

interface Death {
  outcome: AttemptOutcome
  fault: ServiceFault
  /** When it was counted; undefined while it is not. */
  blamedAtMs: number | undefined
}

export class ItemCases {
  readonly #deaths = new RecentMap<string, Death[]>(CASES_MAX)
  /** The newest, and those before them: all of a set goes at once, which costs less than one at a time. */
  #counted = new Set<string>()
  #countedBefore = new Set<string>()

  /** What is to be counted now, in this order; nothing when it was counted before, or blames nobody. */
  settle(outcome: AttemptOutcome, nowMs: number): AttemptOutcome[] {
    const { attempt } = outcome
    if (attempt === undefined) return [outcome]
    if (this.#isCounted(outcome, attempt)) return []
    if (outcome.kind === 'completed') return [outcome, ...this.#survived(attempt, outcome, nowMs)]
    if (outcome.kind === 'failed') return this.#failed(attempt, outcome, nowMs)
    return [outcome]
  }

  /** Takes up what an earlier life of the router has counted. */
  recall(outcome: AttemptOutcome, atMs: number): void {
    const { attempt } = outcome
    if (attempt === undefined) return
    this.#isCounted(outcome, attempt)
    const key = itemKey(attempt)
    if (outcome.kind === 'failed') this.#addDeath(key, outcome, atMs)
    if (outcome.kind === 'cleared') {
      const { blamedAtMs, workerId } = outcome
      const cleared = this.#deaths
        .get(key)
        ?.find((death) => death.outcome.workerId === workerId && death.blamedAtMs === blamedAtMs)
      if (cleared !== undefined) cleared.blamedAtMs = undefined
    }
  }

  /** The task is not poison: those that it died on without blame are blamed now. */
  #survived(attempt: AttemptName, { workerId }: AttemptOutcome, nowMs: number): AttemptOutcome[] {
    const deaths = this.#deaths.get(itemKey(attempt)) ?? []
    const excused = deaths.filter(
      (death) => death.blamedAtMs === undefined && death.outcome.workerId !== workerId
    )
    for (const death of excused) death.blamedAtMs = nowMs
    // What its worker signed about it is evidence once.
    return excused.map(({ outcome }) => ({ ...outcome, receipt: undefined }))
  }

  #failed(
    attempt: AttemptName,
    outcome: Extract<AttemptOutcome, { kind: 'failed' }>,
    nowMs: number
  ): AttemptOutcome[] {
    const deaths = this.#addDeath(itemKey(attempt), outcome, nowMs)
    const workers = new Set(deaths.map((death) => death.outcome.workerId))
    return workers.size < 2 ? [outcome] : clear(deaths, outcome)
  }

  /** @returns all deaths of the item; none if it failed otherwise */
  #addDeath(
    key: string,
    outcome: Extract<AttemptOutcome, { kind: 'failed' }>,
    atMs: number
  ): Death[] {
    const fault = faultOf(outcome.blame, outcome.code)
    if (fault !== 'lost' && fault !== 'crashed') return []
    const deaths = this.#deaths.get(key) ?? []
    deaths.push({ outcome, fault, blamedAtMs: atMs })
    if (deaths.length > DEATHS_MAX) deaths.shift()
    this.#deaths.set(key, deaths)
    return deaths
  }

  /** Remembers that it is. An attempt ends once, is verified once and is outdone once. */
  #isCounted({ kind }: AttemptOutcome, attempt: AttemptName): boolean {
    if (kind === 'lied' || kind === 'cleared') return false
    const key = `${itemKey(attempt)}/${attempt.attempt}${QUESTIONS[kind]}`
    if (this.#counted.has(key) || this.#countedBefore.has(key)) return true
    this.#counted.add(key)
    if (this.#counted.size >= COUNTED_MIN) {
      this.#countedBefore = this.#counted
      this.#counted = new Set()
    }
    return false
  }
}

/** What an outcome answers. */
const QUESTIONS = {
  completed: '',
  failed: '',
  right: '/result',
  wrong: '/result',
  outdone: '/outdone'
} as const

/** The latest death is blamed on nobody, and those before it no longer. */
function clear(deaths: Death[], latest: AttemptOutcome): AttemptOutcome[] {
  const cleared: AttemptOutcome[] = []
  for (const death of deaths) {
    const { blamedAtMs, fault, outcome } = death
    if (blamedAtMs === undefined) continue
    death.blamedAtMs = undefined
    if (outcome === latest) continue
    const { attempt, taskType, workerId } = outcome
    cleared.push({ kind: 'cleared', workerId, attempt, taskType, of: fault, blamedAtMs })
  }
  return cleared
}

function itemKey({ itemIndex, jobId }: AttemptName): string {
  return `${jobId}/${itemIndex}`
}
