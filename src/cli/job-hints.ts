/** What to do next about a job, in one line: the question behind most looks at one. */
import type { JobView } from '../model/generated/api-job.ts'

/** Undefined when there is nothing to do. */
export function nextStep(job: JobView): string | undefined {
  const { id } = job
  switch (job.state) {
    case 'completed':
      return job.item_count > 1 ? `its results: taskmesh job items ${id}` : undefined
    case 'held':
      return job.on_hold
        ? `let it go on: taskmesh job release ${id}`
        : `try again: taskmesh job release ${id}; give up: taskmesh job stop ${id}`
    case 'pending':
      return job.needs.length > 0
        ? `it waits for other jobs: taskmesh job describe ${job.needs[0]}`
        : `its runs, if it has a schedule: taskmesh job list --parent ${id}; end it: taskmesh job stop ${id}`
    case 'queued':
      return `who could take it: taskmesh node list; look on: taskmesh job watch ${id}`
    case 'running':
      return `look on: taskmesh job watch ${id}; what it writes: taskmesh job logs ${id} -f`
    case 'stopped':
      return `run it again: taskmesh job rerun ${id}`
    case 'failed':
      return afterFailure(job)
  }
}

function afterFailure({ error, id, item_count: itemCount }: JobView): string {
  switch (error?.code) {
    case 'QUEUE_TIMED_OUT':
      return `why nobody took it: taskmesh job explain ${id}; run it again: taskmesh job rerun ${id}`
    case 'TASK_TIMED_OUT':
      return `give it longer: taskmesh job rerun ${id} --set timeouts.run=1h`
    case 'TOTAL_TIMED_OUT':
      return `give it longer: taskmesh job rerun ${id} --set timeouts.total=4h`
    case 'TASK_OUT_OF_MEMORY':
      return `give it more: taskmesh job rerun ${id} --set resources.memory=512MiB`
    case 'TASK_OUT_OF_DISK':
      return `give it more: taskmesh job rerun ${id} --set resources.disk=4GiB`
    case undefined:
    default:
      return itemCount > 1
        ? `what failed: taskmesh job items ${id} --state failed; run that again: taskmesh job rerun ${id}`
        : `what it wrote: taskmesh job logs ${id}; run it again: taskmesh job rerun ${id}`
  }
}
