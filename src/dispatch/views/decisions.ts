/**
 * Decisions that were made: of one attempt, with the question why a certain worker did not get it, and of all jobs
 * by time, to be replayed elsewhere.
 */
import { MeshError } from '../../core/errors.ts'
import { selectWorker } from '../../selection/select.ts'
import type { CandidateSource } from '../ports.ts'
import type { DecisionCandidate, DecisionRecord } from '../../model/generated/decision.ts'
import type { DecisionFilter, JobStore } from '../../jobs/store.ts'
import type { DemandCache } from '../demand.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { JobReader } from './job-reader.ts'

export interface DecisionsComponents {
  reader: JobReader
  store: Pick<JobStore, 'decisions'>
  dispatcher: Pick<Dispatcher, 'job'>
  demands: DemandCache
  source: Pick<CandidateSource, 'candidates' | 'workMs'>
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export interface WhichDecision {
  item?: string
  attempt?: number
  /** A worker, by its peer id or any unique beginning or end of it. */
  whyNot?: string
}

export class Decisions {
  readonly #components: DecisionsComponents

  constructor(components: DecisionsComponents) {
    this.#components = components
  }

  /**
   * With `whyNot` the record lists the chosen worker and that one alone.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, NOT_FOUND, NODE_NOT_FOUND
   */
  async explain(id: string, { whyNot, ...which }: WhichDecision): Promise<DecisionRecord> {
    const record = await this.#components.reader.explain(id, which)
    if (whyNot === undefined) return record
    const chosen = record.candidates.filter(({ peer_id }) => peer_id === record.chosen)
    const row = listedRow(record, whyNot) ?? (await this.#judge(record, whyNot))
    return { ...record, candidates: row.peer_id === record.chosen ? [row] : [...chosen, row] }
  }

  /** By time. */
  async list(filter: DecisionFilter): Promise<DecisionRecord[]> {
    const texts = await this.#components.store.decisions(filter)
    return texts.map((text) => JSON.parse(text) as DecisionRecord)
  }

  /** How a worker that the record does not list stands by what is known now. */
  async #judge(record: DecisionRecord, part: string): Promise<DecisionCandidate> {
    const { demands, dispatcher, nowMs, reader, source } = this.#components
    const candidates = source.candidates()
    const peers = candidates.map(({ peerId }) => peerId)
    const peer = onlyOne(peers, part)
    if (peer === undefined) {
      throw new MeshError('NODE_NOT_FOUND', `no worker "${part}" could be chosen now`, {
        hint: 'see `taskmesh node list`; one that is not ready gets nothing'
      })
    }
    const job = await reader.find(record.job_id ?? '')
    const request =
      dispatcher.job(job.id)?.requestFor(record.item ?? 0) ?? demands.of(job.spec).request
    const circumstances = {
      draw: record.draw ?? 0,
      nowMs: nowMs(),
      workMs: source.workMs(request.taskType),
      sendBytes: record.send_bytes ?? 0,
      returnBytes: record.return_bytes ?? 0
    }
    const all = selectWorker(request, candidates, circumstances).explain(candidates.length)
    const row = all.candidates.find(({ peer_id }) => peer_id === peer) as DecisionCandidate
    const asNow = { ...row, judged_at_ms: all.at_ms }
    return row.verdict === 'chosen'
      ? { ...asNow, verdict: 'eligible', reason: `would be the one now: ${row.reason}` }
      : asNow
  }
}

function listedRow(record: DecisionRecord, part: string): DecisionCandidate | undefined {
  const peers = record.candidates.map(({ peer_id }) => peer_id)
  const peer = onlyOne(peers, part)
  return record.candidates.find(({ peer_id }) => peer_id === peer)
}

/** @throws MeshError ID_AMBIGUOUS */
function onlyOne(peers: readonly string[], part: string): string | undefined {
  const found = peers.filter((peer) => peer.startsWith(part) || peer.endsWith(part))
  if (found.length <= 1 || found.includes(part)) return found.includes(part) ? part : found[0]
  throw new MeshError('ID_AMBIGUOUS', `"${part}" names ${found.length} workers`, {
    hint: 'write more letters of its peer id'
  })
}
