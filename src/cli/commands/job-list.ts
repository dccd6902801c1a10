/** `taskmesh job list`: the router's jobs. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { JOB_COLUMNS } from '../columns.ts'
import { JOB_SORTS } from '../../jobs/job-order.ts'
import { readPair } from '../../config/read-option.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { JobSort } from '../../jobs/job-order.ts'
import type { JobView } from '../../model/generated/api-job.ts'

const STATES = ['pending', 'queued', 'running', 'completed', 'failed', 'stopped', 'held'] as const

const FILTERS = ['state', 'label', 'since', 'mine', 'parent', 'search', 'sort', 'after'] as const
const NO_JOBS = 'no jobs; `taskmesh job init` writes an example to run'

export const jobListCommand: CliCommand = {
  words: 'job list',
  summary: 'list jobs, newest first, or by when they ended',
  flags: {
    state: { ...flag('text', 'only jobs in this state'), choices: STATES },
    label: flag('list', 'only jobs with this label k=v (repeatable)'),
    since: flag('text', 'only jobs submitted within this time (1h), or since 2026-01-02T03:04:05Z'),
    mine: flag('switch', 'only jobs that came in through the API, not from peers'),
    parent: flag('text', 'only what this schedule or rerun made'),
    limit: flag('text', 'how many at most [100]'),
    search: flag('text', 'only jobs with this in their name, or whose id begins so'),
    sort: {
      ...flag('text', 'by when they were created or ended, with - the latest first [-created]'),
      choices: JOB_SORTS
    },
    after: flag('text', 'only jobs listed behind the one with this id'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job list --state failed --since 1h', 'what went wrong lately'],
    ['taskmesh job list --sort=-ended --limit 20', 'what ended last'],
    ['taskmesh job list --parent j-7m2k', 'every run of a schedule']
  ],
  run: async ({ args, output, terminal }) => {
    const pairs = args.list('label').map((text) => readPair(text, '--label'))
    const jobs = await connectToRouter(args).jobs(
      {
        state: args.text('state') as JobView['state'] | undefined,
        labels: Object.fromEntries(pairs),
        since: args.text('since'),
        submitter: args.has('mine') ? 'http' : undefined,
        parent: args.text('parent'),
        text: args.text('search'),
        sort: args.text('sort') as JobSort | undefined,
        limit: args.integer('limit', 1),
        after: args.text('after')
      },
      { signal: terminal.signal }
    )
    const isFiltered = FILTERS.some((name) => args.has(name))
    output.rows(jobs, JOB_COLUMNS, isFiltered ? 'no such jobs' : NO_JOBS)
    return EXIT.completed
  }
}
