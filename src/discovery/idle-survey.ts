/**
 * Why tasks went elsewhere, for the owner of a worker: what this router has counted, and what the others that it
 * knows say when they are asked. Everybody's word stands under their own name; who does not answer is named.
 */
import { COMMANDS } from '../protocol/commands.ts'
import { findRouters } from './find-routers.ts'
import { IDLE_REASONS_MS, IDLE_SPAN_MS } from '../selection/idle-reasons.ts'
import { idleHint } from '../selection/idle-hints.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type {
  GetIdleReasonsParams,
  GetIdleReasonsResult,
  IdleTally as IdleTallyView
} from '../model/generated/commands-get-idle-reasons.ts'
import type { IdleReasons } from '../selection/idle-reasons.ts'
import type { IdleReasonsView, IdleWorker } from '../model/generated/api-idle-reasons.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { SessionService } from '../protocol/session-service.ts'

export interface IdleSurveyComponents {
  node: MeshNode
  sessions: Pick<SessionService, 'open'>
  logger: Logger
  idleReasons: IdleReasons
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** Whether a worker of that peer id is known. */
  isWorker: (peer: string) => boolean
}

export interface IdleSurveyInit {
  namespace: string
  /** Asked whether the DHT names them or not. */
  trustedRouters: readonly string[]
}

const ROUTERS_MAX = 16
/** People wait for it, and one that has gone must not keep them. */
const ANSWER_TIMEOUT_MS = 1_000
/** A page of a protocol answer. */
const WORKERS_MAX = 1_000
const EXAMPLE_LETTERS_MAX = 512
/** All workers are looked through no more often, whoever asks: with ten thousand it takes some 30 ms. */
const SAME_ANSWER_MS = 1_000

/** What one router says, or why it said nothing. */
interface Word {
  router: string
  error: string | null
  workers: readonly IdleTallyView[]
}

export class IdleSurvey {
  readonly #components: IdleSurveyComponents
  readonly #init: IdleSurveyInit
  /** Of all workers, by the span that was asked for. */
  readonly #answers = new Map<number, { atMs: number; result: GetIdleReasonsResult }>()

  constructor(components: IdleSurveyComponents, init: IdleSurveyInit) {
    this.#components = components
    this.#init = init
  }

  /** What this router itself has counted. */
  own({ peer, since_ms: sinceMs = IDLE_REASONS_MS }: GetIdleReasonsParams): GetIdleReasonsResult {
    const nowMs = this.#components.nowMs()
    if (peer !== undefined) return this.#tell([peer], { nowMs, sinceMs })
    // Counts are kept by spans of five minutes: between two of those nothing else would be said.
    const spanMs = Math.min(IDLE_REASONS_MS, Math.ceil(sinceMs / IDLE_SPAN_MS) * IDLE_SPAN_MS)
    const known = this.#answers.get(spanMs)
    if (known !== undefined && nowMs - known.atMs < SAME_ANSWER_MS) return known.result
    const { idleReasons, isWorker } = this.#components
    const result = this.#tell(idleReasons.peers().filter(isWorker), { nowMs, sinceMs: spanMs })
    this.#answers.set(spanMs, { atMs: nowMs, result })
    return result
  }

  #tell(
    peers: readonly string[],
    { nowMs, sinceMs }: { nowMs: number; sinceMs: number }
  ): GetIdleReasonsResult {
    const workers = peers
      .map((one) => this.#components.idleReasons.of(one, nowMs - sinceMs, nowMs))
      .filter(({ looks }) => looks > 0)
      .toSorted((left, right) => right.looks - left.looks || (left.peerId < right.peerId ? -1 : 1))
    return {
      workers: workers.slice(0, WORKERS_MAX).map(({ chosen, looks, peerId, reasons }) => ({
        peer_id: peerId,
        looks,
        chosen,
        reasons: reasons.map(({ code, count, example, lastAtMs }) => ({
          code,
          count,
          last_at_ms: lastAtMs,
          example: example.slice(0, EXAMPLE_LETTERS_MAX)
        }))
      }))
    }
  }

  /** With what others say. @param peer whole */
  async gather(params: GetIdleReasonsParams, signal: AbortSignal): Promise<IdleReasonsView> {
    const { node, nowMs } = this.#components
    const routers = await this.#others(signal)
    const own: Word = { router: node.selfPeer, error: null, ...this.own(params) }
    const others = await Promise.all(
      routers.map(async (router) => await this.#ask(router, params, signal))
    )
    const words = [own, ...others]
    return {
      since_ms: nowMs() - (params.since_ms ?? IDLE_REASONS_MS),
      routers: words.map(({ error, router }) => ({ peer_id: router, error })),
      workers: merge(words)
    }
  }

  async #others(signal: AbortSignal): Promise<string[]> {
    const { namespace, trustedRouters } = this.#init
    const search = { namespace, countMax: ROUTERS_MAX, timeoutMs: ANSWER_TIMEOUT_MS, signal }
    const found = await findRouters(this.#components, search)
    const others = new Set([...trustedRouters, ...found])
    others.delete(this.#components.node.selfPeer)
    return [...others].slice(0, ROUTERS_MAX)
  }

  /** Never rejects. */
  async #ask(router: string, params: GetIdleReasonsParams, signal: AbortSignal): Promise<Word> {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
    try {
      const session = await this.#components.sessions.open(router, { signal: inTime })
      const answer = await session.request(
        { command: 'GET_IDLE_REASONS', params },
        { signal: inTime, timeoutMs: ANSWER_TIMEOUT_MS }
      )
      if (answer.error !== undefined) throw answer.error
      const { workers } = COMMANDS.GET_IDLE_REASONS.checkResult(answer.result)
      return { router, error: null, workers }
    } catch (cause) {
      const error = inTime.aborted ? 'no answer within a second' : MeshError.from(cause).message
      return { router, error, workers: [] }
    }
  }
}

function merge(words: readonly Word[]): IdleWorker[] {
  const merged = new Map<string, IdleWorker>()
  for (const { router, workers } of words) {
    for (const { chosen, looks, peer_id, reasons } of workers) {
      let worker = merged.get(peer_id)
      if (worker === undefined) {
        if (merged.size >= LIMITS.directoryWorkersMax) continue
        worker = { peer_id, looks: 0, chosen: 0, reasons: [], hint: null }
        merged.set(peer_id, worker)
      }
      worker.looks += looks
      worker.chosen += chosen
      worker.reasons.push(...reasons.map((reason) => ({ router, ...reason })))
    }
  }
  const all = [...merged.values()]
  for (const worker of all) {
    worker.reasons.sort((left, right) => right.count - left.count)
    worker.hint = idleHint(worker)
  }
  return all.toSorted((left, right) => left.chosen - right.chosen || right.looks - left.looks)
}
