/** What tasks left in files of the mesh, for people: in the place of a result, beside it, or instead of a log. */
import { formatBytes } from '../core/units.ts'
import { renderTable, shortPeer } from './render.ts'
import type { Column, Style } from './render.ts'
import type { EarlierRunView } from '../model/generated/api-job.ts'
import type { OutputFile } from '../model/job.ts'

export const OUTPUT_COLUMNS: readonly Column<OutputFile>[] = [
  { title: 'name', text: ({ name }) => name },
  { title: 'kind', text: ({ kind }) => kind },
  { title: 'size', text: ({ size }) => formatBytes(size), align: 'right' },
  { title: 'file', text: ({ file }) => file }
]

export function renderOutputs(outputs: readonly OutputFile[], style: Style): string {
  return renderTable(outputs, OUTPUT_COLUMNS, style)
}

/** `result is file sha256:… (3.2MiB); taskmesh job get j-7m2k` */
export function describeResultFile({ file, size }: OutputFile, jobId: string): string {
  return `result is file ${file} (${formatBytes(size)}); taskmesh job get ${jobId}`
}

/** `thumbs (3.2MiB), list (1KiB)` */
export function listOutputs(outputs: readonly OutputFile[]): string {
  return outputs.map(({ name, size }) => `${name} (${formatBytes(size)})`).join(', ')
}

export function describeLogFile({ file, size }: OutputFile): string {
  return `the whole log is file ${file} (${formatBytes(size)}); taskmesh files get ${file}`
}

/** `j-7m2k, item 0, attempt 1 on …kGzB8x` */
export function describeEarlierRun({ attempt, item, job, worker }: EarlierRunView): string {
  return `${job}, item ${item}, attempt ${attempt} on ${shortPeer(worker)}`
}
