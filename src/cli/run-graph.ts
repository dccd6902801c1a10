/** Submits a graph of jobs and sees all of them through: what `job run` does with several jobs in one file. */
import { EXIT, exitCodeOf, worstExitCode } from './exit-codes.ts'
import { followJobs, isSettled } from './follow.ts'
import { handIn } from './hand-in.ts'
import { GRAPH_COLUMNS } from './columns.ts'
import { LiveTable } from './live-table.ts'
import { renderTable } from './render.ts'
import { connectToRouter } from './router-connection.ts'
import { tellHowToFollow } from './run-job.ts'
import { renderChange } from './render-job.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { CommandContext } from './command.ts'
import type { JobGraphDocument } from '../model/generated/job-graph.ts'
import type { JobView } from '../model/generated/api-job.ts'

/** @returns the worst of the jobs' exit codes */
export async function runGraph(
  document: JobGraphDocument,
  context: CommandContext
): Promise<number> {
  const { args, output } = context
  const client = connectToRouter(args)
  const { jobs: submitted } = await handIn(client, { kind: 'graph', document }, context)
  const ids = submitted.map(({ id }) => id)
  if (args.has('id-only')) ids.forEach((id) => output.line(id))
  if (args.has('detach')) {
    if (!args.has('id-only')) output.rows(submitted, GRAPH_COLUMNS, '')
    return EXIT.completed
  }
  const jobs = await watchJobs(client, submitted, context)
  if (jobs === undefined || jobs.length < ids.length || !jobs.every(isSettled)) {
    tellHowToFollow(ids, output)
    return EXIT.detached
  }
  if (!args.has('id-only')) output.rows(jobs, GRAPH_COLUMNS, '')
  return worstExitCode(jobs.map(exitCodeOf))
}

/** A live table on a terminal, a line per change elsewhere. Undefined after Ctrl-C. */
async function watchJobs(
  client: ApiClient,
  submitted: readonly JobView[],
  { args, output, terminal }: CommandContext
): Promise<JobView[] | undefined> {
  const { signal, stderr } = terminal
  const newest = new Map(submitted.map((job) => [job.id, job]))
  const columns = GRAPH_COLUMNS.filter(({ isWide }) => isWide !== true)
  const table = new LiveTable(stderr, () =>
    renderTable([...newest.values()], columns, output.stderrStyle)
  )
  const endRedraw = output.isQuiet ? () => undefined : table.redrawEverySecond()
  try {
    return await followJobs(
      client,
      submitted.map(({ id }) => id),
      {
        signal,
        timeoutMs: args.durationMs('wait-timeout'),
        onChange: (job) => {
          const isNews = newest.get(job.id)?.state !== job.state
          newest.set(job.id, job)
          if (output.isQuiet) return
          if (isNews && !stderr.isTTY) output.note(renderChange(job))
          table.draw()
        }
      }
    )
  } catch (cause) {
    if (!signal.aborted) throw cause
    return undefined
  } finally {
    endRedraw()
    table.clear()
  }
}
