/**
 * The way of a new job into the router: its document becomes records to be stored, and from there the
 * dispatcher takes it. Whoever brings jobs in (people, schedules, needs that are met) goes through here.
 */
import { ActiveJob } from '../active-job.ts'
import { assertFits, mustWait, newItems, newItemsOn, newJob } from './new-job.ts'
import { compileRules, firstRefusal } from '../../selection/compile.ts'
import { itemCount, specOf } from '../../model/job.ts'
import { MeshError } from '../../core/errors.ts'
import { newJobId } from '../../core/ids.ts'
import { NO_TRACER } from '../../observe/tracing.ts'
import { nextFiringMs } from '../../model/cron.ts'
import { selectWorker } from '../../selection/select.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { CandidateSource } from '../ports.ts'
import type { Demand, DemandCache } from '../demand.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { DocumentCache } from '../document-cache.ts'
import type { JobDocument } from '../../model/job.ts'
import type { Random } from '../../core/random.ts'
import type { Span, Tracer } from '../../observe/tracing.ts'
import type { StoreChange } from '../../jobs/store.ts'
import type { TraceContext } from '../../model/trace-context.ts'

export interface JobLauncherComponents {
  demands: DemandCache
  dispatcher: Pick<Dispatcher, 'add'>
  documents: DocumentCache
  source: Pick<CandidateSource, 'candidates' | 'workMs'>
  random: Random
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** @default traces go nowhere */
  tracer?: Tracer
  /** Called for every job that has come in, once it is stored. */
  onNew: (job: JobRecord) => void
}

export interface DraftInit {
  submitter: string
  /** By default a new one. */
  id?: string
  parentId?: string
  /** The workers of `ops: every`; by default all that fit now. */
  workers?: readonly string[]
  /** What asked for it. */
  trace?: TraceContext | undefined
}

/** A job that nobody has stored yet. */
export interface JobDraft {
  record: JobRecord
  items: readonly ItemRecord[]
  demand: Demand
  document: JobDocument
  text: string
  /** Of its coming in; ends once it is stored. */
  span: Span
}

export class JobLauncher {
  readonly #components: JobLauncherComponents
  #nextOrder = 1

  constructor(components: JobLauncherComponents) {
    this.#components = components
  }

  /**
   * @param document checked
   * @throws MeshError FIELD_INVALID, REQUEST_TOO_LARGE, NO_SUITABLE_WORKER
   */
  draft(document: JobDocument, init: DraftInit): JobDraft {
    const { demands, nowMs, random, tracer = NO_TRACER } = this.#components
    const demand = demands.of(specOf(document))
    const text = JSON.stringify(document)
    assertFits(document, text)
    const { id = newJobId(random), parentId = null, submitter, workers } = init
    const { ops, schedule } = demand.plan
    const atMs = nowMs()
    const firstFiringMs = schedule?.kind === 'cron' ? nextFiringMs(schedule, atMs) : undefined
    let items: ItemRecord[] = []
    if (ops === 'once' && firstFiringMs === undefined) items = newItems(id, document)
    else if (!mustWait(document, demand.plan, atMs)) {
      items = newItemsOn(id, workers ?? this.workersFor(demand))
    }
    const span = tracer.begin('submit', { parent: init.trace, kind: 'producer' })
    const record = newJob(document, {
      id,
      submitter,
      parentId,
      demand,
      nowMs: atMs,
      firstFiringMs,
      trace: span.context,
      itemCount: items.length === 0 ? itemCount(document) : items.length
    })
    return { record, items, demand, document, text, span }
  }

  /** What puts a draft on disk. */
  changesOf({ items, record, text }: JobDraft): StoreChange[] {
    return [
      { kind: 'job', job: record },
      { kind: 'document', jobId: record.id, document: text },
      ...items.map((item) => ({ kind: 'item' as const, item }))
    ]
  }

  /** A draft is on disk. What is dispatched soon need not be read back. */
  stored({ document, record, span, text }: JobDraft): void {
    const { engine, id, itemCount: count } = record
    const fields = { 'taskmesh.job': id, 'taskmesh.engine': engine, 'taskmesh.items': count }
    span.end({ fields })
    this.#components.documents.keep(record.id, document, text.length)
    this.#components.onNew(record)
  }

  /**
   * Hands a job that is on disk to the dispatcher.
   * @param items those that have not ended
   */
  launch(
    job: { record: JobRecord; items: readonly ItemRecord[]; demand: Demand },
    open?: ReadonlyMap<number, readonly AttemptRecord[]>
  ): void {
    const order = this.#nextOrder
    this.#nextOrder += 1
    this.#components.dispatcher.add(new ActiveJob({ ...job, order }), open)
  }

  /**
   * All workers on which a task may run, busy or not, by id.
   * @throws MeshError NO_SUITABLE_WORKER
   */
  workersFor({ request }: Demand): string[] {
    const { nowMs, source } = this.#components
    const candidates = source.candidates()
    const rules = compileRules(request)
    const fitting = candidates.filter((candidate) => firstRefusal(rules, candidate) === undefined)
    if (fitting.length > 0) return fitting.map(({ peerId }) => peerId).toSorted()
    const circumstances = { draw: 0, nowMs: nowMs(), workMs: source.workMs(request.taskType) }
    const why = selectWorker(request, candidates, circumstances).summarise()
    throw new MeshError('NO_SUITABLE_WORKER', `no worker fits for ops: every: ${why}`, {
      path: 'where',
      hint: 'see `taskmesh job plan` and `taskmesh node list`'
    })
  }
}
