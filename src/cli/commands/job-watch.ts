/** `taskmesh job watch`: jobs as they go on, those that are named or the newest that have not ended. */
import { API_FLAGS } from '../command.ts'
import { EXIT, exitCodeOf, worstExitCode } from '../exit-codes.ts'
import { followJobs } from '../follow.ts'
import { connectToRouter } from '../router-connection.ts'
import { WATCHED_JOBS_MAX, WatchTable } from '../watch-table.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { CliCommand } from '../command.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { MeshEvent } from '../../model/generated/api-event.ts'

const ACTIVE_STATES = ['running', 'queued', 'pending', 'held'] as const

export const jobWatchCommand: CliCommand = {
  words: 'job watch',
  summary: 'show jobs live: a table on a terminal, a line per change elsewhere',
  positionals: [
    {
      name: 'id',
      describe: 'job ids, or their first letters [the newest that have not ended]',
      isList: true,
      isOptional: true
    }
  ],
  flags: API_FLAGS,
  examples: [
    ['taskmesh job watch', 'whatever goes on, until Ctrl-C'],
    ['taskmesh job watch j-7m2k j-9x04', 'until both have ended; the exit code is the worst'],
    ['taskmesh job watch j-7m2k -o jsonl', 'one JSON object per change']
  ],
  run: async ({ args, output, terminal }) => {
    const { signal, stdout } = terminal
    const client = connectToRouter(args)
    const ids = args.positionalList('id')
    const table = new WatchTable(output, stdout)
    try {
      if (ids.length === 0) return await watchActive(client, table, signal)
      const jobs = await followJobs(client, ids, { signal, onChange: (job) => table.show(job) })
      return worstExitCode(jobs.map(exitCodeOf))
    } finally {
      table.stop()
    }
  }
}

/** Ends by Ctrl-C alone. */
async function watchActive(
  client: ApiClient,
  table: WatchTable,
  signal: AbortSignal
): Promise<number> {
  try {
    for await (const event of client.events({ types: ['job'], startsWithGap: true, signal })) {
      const jobs =
        event.type === 'gap'
          ? await activeJobs(client, signal)
          : await changedJobs(client, table, event, signal)
      jobs.forEach((job) => table.show(job))
    }
  } catch (cause) {
    // Ctrl-C is how a watch ends.
    if (!signal.aborted) throw cause
  }
  return EXIT.completed
}

/** The newest, oldest first, as in a queue. */
async function activeJobs(client: ApiClient, signal: AbortSignal): Promise<JobView[]> {
  const lists = await Promise.all(
    ACTIVE_STATES.map((state) => client.jobs({ state, limit: WATCHED_JOBS_MAX }, { signal }))
  )
  return lists
    .flat()
    .toSorted((left, right) => left.created_at_ms - right.created_at_ms)
    .slice(-WATCHED_JOBS_MAX)
}

/** An end is read, for its error is no part of the event. An older job that found no room stays outside. */
async function changedJobs(
  client: ApiClient,
  table: WatchTable,
  { counts, job_id: id = '', state, type }: MeshEvent,
  signal: AbortSignal
): Promise<JobView[]> {
  const known = table.get(id)
  if (known === undefined && type !== 'job:submitted' && table.isFull) return []
  if (known === undefined || type === 'job:ended') return [await client.job(id, { signal })]
  return [
    {
      ...known,
      counts: counts ?? known.counts,
      state: (state ?? known.state) as JobView['state']
    }
  ]
}
