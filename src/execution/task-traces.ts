/** A task's part in a trace as its worker sees it: all of its time here, and each phase of it. */
import { addSpan } from '../observe/tracing.ts'
import type { Errand } from './task-runner.ts'
import type { TaskEnd } from './task.ts'
import type { Tracer } from '../observe/tracing.ts'

/** Made once it is over, of what is known then: until then nothing has to be kept for it. */
export function traceTask(
  tracer: Tracer,
  { describe, router, trace }: Errand,
  { arrivedAtMs, end }: { arrivedAtMs: number; end: TaskEnd }
): void {
  const { attempt, engine, item, job_id: jobId } = describe()
  const { error, fetchedMs, publishedMs, ranMs, waitedMs } = end
  const names = { 'taskmesh.job': jobId, 'taskmesh.item': item, 'taskmesh.attempt': attempt }
  const span = tracer.begin('task', {
    parent: trace,
    kind: 'server',
    atMs: arrivedAtMs,
    fields: { ...names, 'taskmesh.engine': engine, 'taskmesh.router': router }
  })
  let atMs = arrivedAtMs
  // From its arrival to its slot, or to the word that it may not have one.
  const phases = { admission: waitedMs, fetch: fetchedMs, run: ranMs, publish: publishedMs }
  for (const [phase, tookMs] of Object.entries(phases)) {
    if (tookMs === undefined) continue
    const init = { parent: span.context, atMs, fields: names }
    atMs += tookMs
    addSpan(tracer, phase, { ...init, end: { atMs } })
  }
  span.end({ error: error?.code, fields: { 'taskmesh.blame': error?.blame } })
}
