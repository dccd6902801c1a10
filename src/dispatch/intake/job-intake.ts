/**
 * How jobs come in: checks a document from outside, puts it on disk before it is acknowledged, and hands
 * it on to the dispatcher, or to those that wait.
 */
import { formatBytes } from '../../core/units.ts'
import { checkGraph, inJob, placedInJob, refuseScheduleNeed, withIds } from '../../model/graph.ts'
import { checkJob, specOf } from '../../model/job.ts'
import { deferred } from '../../core/abort.ts'
import { jobView } from '../views/job-views.ts'
import { keyLocks, SubmissionKeys } from './submission-keys.ts'
import { JobInputs } from '../job-inputs.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { NamedLocks } from './named-locks.ts'
import { needFailed } from './pending-steps.ts'
import { needsOf } from '../../model/job-inputs.ts'
import { newJobId } from '../../core/ids.ts'
import { meanTaskBytes } from '../../model/task-size.ts'
import { rerunOf } from './reruns.ts'
import { isTerminal } from '../../jobs/records.ts'
import { resumeJobs } from './job-resume.ts'
import { selectWorker } from '../../selection/select.ts'
import type { Admission } from './admission.ts'
import type { CandidateSource, FileHoldings } from '../ports.ts'
import type { DraftInit, JobDraft } from './job-launcher.ts'
import type { GraphJob } from '../../model/graph.ts'
import type { ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobReader } from '../views/job-reader.ts'
import type { JobResumeComponents } from './job-resume.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { PlanView } from '../../model/generated/api-plan.ts'
import type { Random } from '../../core/random.ts'
import type { RerunRequest } from '../../model/generated/api-rerun.ts'
import type { Startable } from '../../core/startable.ts'
import type { TraceContext } from '../../model/trace-context.ts'

export interface JobIntakeComponents extends JobResumeComponents {
  admission: Admission
  holdings: FileHoldings
  random: Random
  reader: Pick<JobReader, 'find'>
  source: Pick<CandidateSource, 'answerBytes' | 'candidates' | 'workMs'>
}

/** A job that is on disk; one that was there before has no draft. */
export interface Accepted {
  record: JobRecord
  draft: JobDraft | undefined
}

export class JobIntake implements Startable {
  readonly #components: JobIntakeComponents
  readonly #keys: SubmissionKeys
  readonly #locks = new NamedLocks()
  readonly #resumed = deferred<void>()

  constructor(components: JobIntakeComponents) {
    this.#components = components
    this.#keys = new SubmissionKeys(components.store)
    this.#resumed.promise.catch(() => {})
  }

  /** Takes up what an earlier life of this router left unfinished; until then nothing new comes in. */
  async start(): Promise<void> {
    const jobs = await resumeJobs(this.#components)
    if (jobs > 0) this.#components.logger.info({ jobs }, 'jobs taken up again')
    this.#resumed.resolve()
  }

  /** Resolves when what an earlier life left is taken up. @throws MeshError STOPPING */
  get resumed(): Promise<void> {
    return this.#resumed.promise
  }

  async stop(): Promise<void> {
    this.#resumed.reject(new MeshError('STOPPING', 'the router is stopping'))
  }

  /**
   * Checks a job and puts it on disk; from then on it is not lost.
   * @throws MeshError FIELD_…, REQUEST_TOO_LARGE, KEY_CONFLICT, JOB_NOT_FOUND, NEED_FAILED,
   * NO_SUITABLE_WORKER, QUEUE_FULL, STORE_FAILED
   */
  async submit(
    value: unknown,
    submitter: string,
    trace?: TraceContext
  ): Promise<{ job: JobView; isNew: boolean }> {
    const accepted = await this.accept(value, { submitter, trace })
    this.begin(accepted)
    return { job: jobView(accepted.record, null), isNew: accepted.draft !== undefined }
  }

  /** The first half of `submit`, for who wants to watch the job from its beginning. */
  async accept(value: unknown, init: DraftInit): Promise<Accepted> {
    return await this.#accept(checkJob(value), init)
  }

  begin({ draft }: Accepted): void {
    if (draft !== undefined) this.#components.pending.begin(draft)
  }

  /**
   * Several jobs, all or none, in the order in which they can run.
   * @throws MeshError as `submit`, below `jobs.<name>`; NEEDS_CYCLE
   */
  async submitGraph(value: unknown, submitter: string, trace?: TraceContext): Promise<JobView[]> {
    const jobs = checkGraph(value)
    await this.#resumed.promise
    const documents = jobs.map(({ document }) => document)
    const records = await this.#locks.hold(keyLocks(submitter, documents), async () => {
      const known = await this.#keys.knownGraph(jobs, submitter)
      if (known !== undefined) {
        return await Promise.all(known.map(async (record) => await this.#asNow(record)))
      }
      const drafts = await this.#draftGraph(jobs, { submitter, trace })
      await this.#store(drafts)
      for (const draft of drafts) this.begin({ record: draft.record, draft })
      return drafts.map(({ record }) => record)
    })
    return records.map((record) => jobView(record, null))
  }

  /** @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, JOB_NOT_ENDED, and as `submit` */
  async rerun(
    id: string,
    request: RerunRequest,
    by: string,
    trace?: TraceContext
  ): Promise<JobView> {
    const { reader, store } = this.#components
    const job = await reader.find(id)
    if (!isTerminal(job.state)) {
      throw new MeshError('JOB_NOT_ENDED', `${job.id} has not ended: it is ${job.state}`, {
        hint: `stop it first: taskmesh job stop ${job.id}`
      })
    }
    const text = await store.document(job.id)
    if (text === undefined) {
      throw new MeshError('NOT_FOUND', `the document of ${job.id} is not here any more`)
    }
    const unfinished = request.items === 'all' ? [] : await this.#unfinished(job.id)
    const { document, workers } = rerunOf(job, JSON.parse(text), request, unfinished)
    const init = { submitter: by, parentId: job.id, trace }
    const draft = workers === undefined ? init : { ...init, workers }
    const accepted = await this.accept(document, draft)
    this.begin(accepted)
    return jobView(accepted.record, null)
  }

  /** Where a job would go now, and why; nothing is stored. @param isWhole whether all workers are listed */
  async plan(value: unknown, isWhole = false): Promise<PlanView> {
    const { demands, holdings, nowMs, random, source } = this.#components
    const document = checkJob(value)
    const inputs = (await JobInputs.read(document, holdings)).of(0)
    const request = { ...demands.of(specOf(document)).request, inputs }
    const { taskType } = request
    const circumstances = {
      draw: random.next(),
      nowMs: nowMs(),
      workMs: source.workMs(taskType),
      sendBytes: meanTaskBytes(document, JSON.stringify(document).length),
      returnBytes: source.answerBytes(taskType)
    }
    const candidates = source.candidates()
    const selection = selectWorker(request, candidates, circumstances)
    return {
      outcome: selection.outlook,
      summary: selection.summarise(),
      decision: isWhole ? selection.explain(candidates.length) : selection.explain()
    }
  }

  async #accept(document: JobDocument, init: DraftInit): Promise<Accepted> {
    await this.#resumed.promise
    return await this.#locks.hold(keyLocks(init.submitter, [document]), async () => {
      const known = await this.#keys.known(document, init.submitter)
      if (known !== undefined) return { record: await this.#asNow(known), draft: undefined }
      await this.#checkNeeds(document)
      const draft = this.#components.launcher.draft(document, init)
      await this.#store([draft])
      return { record: draft.record, draft }
    })
  }

  /** A job's row is written more rarely than the job changes. */
  async #asNow(record: JobRecord): Promise<JobRecord> {
    return (await this.#components.pending.find(record.id)) ?? record
  }

  async #draftGraph(jobs: readonly GraphJob[], init: DraftInit): Promise<JobDraft[]> {
    const { launcher, random } = this.#components
    const ids = new Map(jobs.map(({ name }) => [name, newJobId(random)]))
    const drafts: JobDraft[] = []
    let letters = 0
    for (const { document, name } of jobs) {
      // oxlint-disable-next-line no-await-in-loop -- the first error ends it
      await this.#checkNeeds(document, ids).catch((cause: unknown) => {
        throw placedInJob(name, cause)
      })
      const id = ids.get(name) as string
      const draft = inJob(name, () => launcher.draft(withIds(document, ids), { ...init, id }))
      letters += draft.text.length
      if (letters > LIMITS.submissionBytesMax) throw tooLarge()
      drafts.push(draft)
    }
    return drafts
  }

  /** @param own jobs that come in together with this one, by name */
  async #checkNeeds(
    document: JobDocument,
    own: ReadonlyMap<string, string> = new Map()
  ): Promise<void> {
    for (const needed of needsOf(document)) {
      const { job: id, path } = needed
      if (own.has(id)) continue
      // oxlint-disable-next-line no-await-in-loop -- the first error ends it
      const need = await this.#components.pending.find(id)
      if (need === undefined) {
        throw new MeshError('JOB_NOT_FOUND', `there is no job "${id}" to wait for`, {
          path,
          hint: 'write the whole id of a job of this router, or the name of one in the same graph'
        })
      }
      if (need.spec.schedule?.cron !== undefined) refuseScheduleNeed(needed)
      if (need.state === 'failed' || need.state === 'stopped') throw needFailed(needed, need)
    }
  }

  async #store(drafts: readonly JobDraft[]): Promise<void> {
    const { admission, launcher, store } = this.#components
    const items = drafts.map(({ record }) => record.itemCount)
    const entered = admission.admit(items.reduce((sum, count) => sum + count, 0))
    let isStored = false
    try {
      await store.apply(drafts.flatMap((draft) => launcher.changesOf(draft)))
      isStored = true
    } finally {
      entered(isStored)
    }
    for (const draft of drafts) launcher.stored(draft)
  }

  async #unfinished(jobId: string): Promise<ItemRecord[]> {
    const { store } = this.#components
    const limit = LIMITS.jobItemsMax
    const failed = await store.items(jobId, { state: 'failed', limit })
    const stopped = await store.items(jobId, { state: 'stopped', limit })
    return [...failed, ...stopped].toSorted((left, right) => left.index - right.index)
  }
}

function tooLarge(): MeshError {
  const message = `the graph is longer than ${formatBytes(LIMITS.submissionBytesMax)}`
  return new MeshError('REQUEST_TOO_LARGE', message, { path: 'jobs' })
}
