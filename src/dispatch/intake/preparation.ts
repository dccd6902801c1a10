/**
 * Puts into a job's document all that it stands for, before the job is queued: what needed jobs returned
 * and left, and what is on the web. It may take its time, so that it goes on by itself: the job can be stopped or
 * held meanwhile, and is looked at again once it is done.
 */
import { MeshError } from '../../core/errors.ts'
import { withNeedOutputs } from './need-outputs.ts'
import { withNeedResults } from './need-results.ts'
import { withWebInputs } from './web-inputs.ts'
import type { Cause, JobRecord } from '../../jobs/records.ts'
import type { DocumentCache } from '../document-cache.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobPlan } from '../../model/job.ts'
import type { NeedOutputsComponents } from './need-outputs.ts'
import type { NeedResultsComponents } from './need-results.ts'
import type { WebInputsComponents } from './web-inputs.ts'

export interface PreparationComponents
  extends NeedOutputsComponents, NeedResultsComponents, WebInputsComponents {
  documents: Pick<DocumentCache, 'document'>
  store: NeedOutputsComponents['store'] & NeedResultsComponents['store']
}

export interface PreparationInit {
  record: JobRecord
  plan: JobPlan
  /** Hears what people should know of it. */
  onNote: (cause: Cause) => void
  /** Called once, when there is an outcome; never once it is given up. */
  onDone: () => void
}

/** What a job as it was submitted has become. `resolved` is the same document where there was nothing to put in. */
export interface PreparedJob {
  document: JobDocument
  resolved: JobDocument
}

/** A job that waits for a worker for as long as it may, and then runs for as long, finds its inputs still here. */
const KEEP_MARGIN_MS = 600_000

export class Preparation {
  readonly #givenUp = new AbortController()
  #outcome: PreparedJob | MeshError | undefined

  constructor(components: PreparationComponents, init: PreparationInit) {
    void this.#run(components, init)
  }

  /** Undefined while it goes on. */
  get outcome(): PreparedJob | MeshError | undefined {
    return this.#outcome
  }

  giveUp(): void {
    this.#givenUp.abort(new MeshError('STOPPING', 'the job does not wait for it any more'))
  }

  /** Never rejects. */
  async #run(components: PreparationComponents, init: PreparationInit): Promise<void> {
    const { signal } = this.#givenUp
    const outcome = await this.#prepare(components, init).catch((cause: unknown) =>
      MeshError.from(cause)
    )
    if (signal.aborted) return
    this.#outcome = outcome
    init.onDone()
  }

  async #prepare(
    components: PreparationComponents,
    { onNote, plan, record }: PreparationInit
  ): Promise<PreparedJob> {
    const { signal } = this.#givenUp
    const { totalMs } = plan.timeouts
    const document = await components.documents.document(record.id)
    const withResults = await withNeedResults(document, components, { signal })
    const withOutputs = await withNeedOutputs(withResults, components)
    const keepMs = totalMs + KEEP_MARGIN_MS
    const resolved = await withWebInputs(withOutputs, components, { keepMs, onNote, signal })
    return { document, resolved }
  }
}
