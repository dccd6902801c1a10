/** Puts what needed jobs returned in the place of the references to them. */
import { formatBytes } from '../../core/units.ts'
import { assertFits } from './new-job.ts'
import { checkShape } from '../../model/job.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { partOf, referencesOf, replaceReferences, resultIn } from '../../model/job-references.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FileTexts } from '../ports.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobRecord } from '../../jobs/records.ts'
import type { JobStore } from '../../jobs/store.ts'

export interface NeedResultsComponents {
  store: Pick<JobStore, 'itemsAt' | 'outputs'>
  texts: FileTexts
  /** A job as it is now. */
  find: (jobId: string) => Promise<JobRecord | undefined>
}

/** Results that are read at a time: each may be as large as a result can be. */
const OUTPUTS_AT_ONCE = 32

interface JobResult {
  value: unknown
  letters: number
}

/**
 * The document with results for references; the same document where it has none.
 * @throws MeshError REQUEST_TOO_LARGE, FIELD_INVALID where a result has no such part or does not fit in its place, STORE_FAILED
 */
export async function withNeedResults(
  document: JobDocument,
  components: NeedResultsComponents,
  options: AbortOptions
): Promise<JobDocument> {
  const references = referencesOf(document)
  if (references.length === 0) return document
  const results = new Map<string, JobResult>()
  // A result counts as often as it is asked for, before any of that is made.
  let letters = 0
  for (const reference of references) {
    const { at, job } = reference
    // oxlint-disable-next-line no-await-in-loop -- each is read once, and only if those before it fit
    const result =
      results.get(job) ??
      (await readResult(job, LIMITS.submissionBytesMax - letters, components, options))
    results.set(job, result)
    letters += at === undefined ? result.letters : lettersOf(partOf(result.value, reference))
    if (letters > LIMITS.submissionBytesMax) throw tooLarge()
  }
  const resolved = replaceReferences(document, ({ $job: job, at }, place) => {
    const { value = null } = results.get(job) ?? {}
    return resultIn(place, partOf(value, { at, job, path: place.path }))
  })
  const checked = checkShape(resolved)
  assertFits(checked, JSON.stringify(checked))
  return checked
}

function lettersOf(part: unknown): number {
  return JSON.stringify(part).length
}

/** What a job returned: of an array job, the results of its items in their order. */
async function readResult(
  jobId: string,
  lettersMax: number,
  components: NeedResultsComponents,
  options: AbortOptions
): Promise<JobResult> {
  const job = await components.find(jobId)
  const values: unknown[] = []
  let letters = 0
  const count = job?.itemCount ?? 0
  for (let first = 0; first < count; first += OUTPUTS_AT_ONCE) {
    const length = Math.min(OUTPUTS_AT_ONCE, count - first)
    const indexes = Array.from({ length }, (_, offset) => first + offset)
    // oxlint-disable-next-line no-await-in-loop -- a page is read only if those before it fit
    const outputs = await components.store.outputs(jobId, indexes)
    for (const index of indexes) {
      const output =
        outputs.get(index) ??
        // oxlint-disable-next-line no-await-in-loop -- as above
        (await readAside(jobId, index, lettersMax - letters, { ...components, ...options }))
      letters += output.length
      values.push(JSON.parse(output))
    }
    if (letters > lettersMax) throw tooLarge()
  }
  const isArray = job?.spec.each === true || job?.spec.ops === 'every'
  return { value: isArray ? values : (values[0] ?? null), letters }
}

/** What an item returned that is too long for the store: it lies in a file. */
async function readAside(
  jobId: string,
  index: number,
  lettersMax: number,
  { signal, store, texts }: NeedResultsComponents & AbortOptions
): Promise<string> {
  const [item] = await store.itemsAt(jobId, [index])
  const file = item?.outputFile ?? null
  if (file === null) return 'null'
  if (file.size > lettersMax) throw tooLarge()
  return await texts.text(file, lettersMax, { signal })
}

function tooLarge(): MeshError {
  return new MeshError(
    'REQUEST_TOO_LARGE',
    `with what its needs returned, the job is longer than ${formatBytes(LIMITS.submissionBytesMax)}`,
    { path: 'needs', hint: 'let them return less, or use fewer of their results' }
  )
}
