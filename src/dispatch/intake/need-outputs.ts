/** Puts the files that needed jobs left in the place of the inputs that name them. */
import { asMeshInput, inputsOf, replaceInputs } from '../../model/job-inputs.ts'
import { MeshError } from '../../core/errors.ts'
import { toJobUri } from '../../model/input-uri.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobRecord } from '../../jobs/records.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { OutputReference } from '../../model/input-uri.ts'

export interface NeedOutputsComponents {
  store: Pick<JobStore, 'itemIndex' | 'itemsAt'>
  /** A job as it is now. */
  find: (jobId: string) => Promise<JobRecord | undefined>
}

/**
 * The document with files of the mesh for what other jobs left; the same document where it takes nothing of any.
 * @throws MeshError FIELD_INVALID where there is no such output, STORE_FAILED
 */
export async function withNeedOutputs(
  document: JobDocument,
  components: NeedOutputsComponents
): Promise<JobDocument> {
  /** By the text that names it. */
  const files = new Map<string, string>()
  for (const { origin, path } of inputsOf(document)) {
    if (origin.kind !== 'job' || files.has(toJobUri(origin.output))) continue
    // oxlint-disable-next-line no-await-in-loop -- each is read once, and the first that is missing ends it
    files.set(toJobUri(origin.output), await findOutput(origin.output, `${path}.from`, components))
  }
  if (files.size === 0) return document
  return replaceInputs(document, ({ input, origin }) =>
    origin.kind === 'job' ? asMeshInput(input, files.get(toJobUri(origin.output)) as string) : input
  )
}

async function findOutput(
  { item, job: jobId, name }: OutputReference,
  path: string,
  { find, store }: NeedOutputsComponents
): Promise<string> {
  const missing = (why: string, hint: string): MeshError =>
    new MeshError('FIELD_INVALID', `${path}: ${why}`, { path, hint, blame: 'job' })
  const job = await find(jobId)
  const isArray = job?.spec.each === true || job?.spec.ops === 'every'
  if (isArray && item === undefined) {
    const hint = `write job:${jobId}/<item>/${name}; \`taskmesh job items ${jobId}\` shows them`
    throw missing(`job ${jobId} has an output of that name for each of its items`, hint)
  }
  const index = item === undefined ? 0 : await store.itemIndex(jobId, item)
  const [record] = index === undefined ? [] : await store.itemsAt(jobId, [index])
  if (record === undefined) {
    throw missing(`job ${jobId} has no item "${item ?? 0}"`, `see \`taskmesh job items ${jobId}\``)
  }
  const outputs = record.outputs ?? []
  const output = outputs.find((one) => one.name === name)
  if (output !== undefined) return output.file
  const known = outputs.map((one) => one.name).join(', ')
  throw missing(
    `job ${jobId} left no output "${name}"`,
    known === '' ? 'name it in the outputs of that job, and run it again' : `it left ${known}`
  )
}
