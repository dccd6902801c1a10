/** The files that came back with a job: named, or written where their owner wants them, then or later. */
import { formatBytes } from '../core/units.ts'
import { flag } from './command.ts'
import { readProgramResult } from './program-result.ts'
import { saveFiles } from './save-files.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { CommandContext, Flags } from './command.ts'
import type { ItemView, JobView } from '../model/generated/api-job.ts'
import type { ReturnedFile } from './program-result.ts'

export const SAVE_FLAGS: Flags = {
  save: flag('text', 'write the files that come back into this folder'),
  force: flag('switch', 'replace files that are there already')
}

/** `job run --json` in one object: the job, and its items where it has several tasks. */
export async function wholeJob(
  client: ApiClient,
  job: JobView,
  isArray: boolean
): Promise<JobView> {
  if (!isArray) return job
  const items: ItemView[] = []
  for await (const item of client.allItems(job.id)) items.push(item)
  return { ...job, items }
}

/** Engines whose tasks return what a program left behind. */
export function isProgram({ engine }: Pick<JobView, 'engine'>): boolean {
  return engine === 'container' || engine === 'process' || engine === 'wasm'
}

/**
 * The files of a job's only task, or of each of its items in a folder of the item's own.
 * @param isOneOfMany puts them into a folder of the job's own
 * @throws MeshError FIELD_INVALID
 */
export async function saveReturned(
  job: JobView,
  { args, output }: Pick<CommandContext, 'args' | 'output'>,
  { isOneOfMany = false } = {}
): Promise<void> {
  if (!isProgram(job)) return
  const files = job.items === undefined ? filesOf(job.result) : job.items.flatMap(filesOfItem)
  if (files.length === 0) return
  const folder = args.text('save')
  if (folder === undefined) {
    const names = files.map(({ path, content }) => `${path} (${formatBytes(content.length)})`)
    output.note(`files: ${names.join(', ')}; taskmesh job wait ${job.id} --save DIR writes them`)
    return
  }
  const placed = isOneOfMany ? files.map((file) => within(job.id, file)) : files
  const saved = await saveFiles(folder, placed, { isForced: args.has('force'), id: job.id })
  for (const path of saved) output.note(`saved ${path}`)
}

function filesOf(result: unknown): readonly ReturnedFile[] {
  return readProgramResult(result)?.files ?? []
}

function filesOfItem({ id, result }: ItemView): ReturnedFile[] {
  return filesOf(result).map((file) => within(encodeURIComponent(id), file))
}

function within(folder: string, { content, path }: ReturnedFile): ReturnedFile {
  return { path: `${folder}/${path}`, content }
}
