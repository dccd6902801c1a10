/** What an attempt used of its worker, in units of people. What an engine cannot measure is not there. */
import { formatBytes, formatDuration } from '../core/units.ts'
import type { AttemptView } from '../model/generated/api-job.ts'
import type { Column } from './render.ts'

type Usage = NonNullable<AttemptView['usage']>

export const USAGE_COLUMNS: readonly Column<AttemptView>[] = [
  { title: 'ran', text: ({ usage }) => durationOf(usage?.wall_ms), align: 'right' },
  { title: 'cpu', text: ({ usage }) => durationOf(usage?.cpu_ms), align: 'right' },
  { title: 'memory', text: ({ usage }) => bytesOf(usage?.peak_memory_bytes), align: 'right' },
  { title: 'in', text: ({ usage }) => bytesOf(usage?.bytes_in), align: 'right' },
  { title: 'out', text: ({ usage }) => bytesOf(usage?.bytes_out), align: 'right' }
]

/** `1.2s of time, 0.9s of CPU, 34MiB of memory at most, 12KiB in, 3KiB out` */
export function describeUsage(usage: Usage): string {
  const parts: [number | undefined, (figure: number) => string][] = [
    [usage.wall_ms, (ms) => `${formatDuration(ms)} of time`],
    [usage.cpu_ms, (ms) => `${formatDuration(ms)} of CPU`],
    [usage.peak_memory_bytes, (bytes) => `${formatBytes(bytes)} of memory at most`],
    [usage.bytes_in, (bytes) => `${formatBytes(bytes)} in`],
    [usage.bytes_out, (bytes) => `${formatBytes(bytes)} out`]
  ]
  return parts
    .flatMap(([figure, describe]) => (figure === undefined ? [] : [describe(figure)]))
    .join(', ')
}

function durationOf(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '–' : formatDuration(milliseconds)
}

function bytesOf(bytes: number | undefined): string {
  return bytes === undefined ? '–' : formatBytes(bytes)
}
