/** `taskmesh job items`: the tasks of an array job, with their results. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { ITEM_COLUMNS } from '../columns.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { ItemView } from '../../model/generated/api-job.ts'

const STATES = ['queued', 'running', 'completed', 'failed', 'stopped', 'held'] as const

export const jobItemsCommand: CliCommand = {
  words: 'job items',
  summary: 'list the tasks of a job with their results',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    state: { ...flag('text', 'only tasks in this state'), choices: STATES },
    limit: flag('text', 'how many at most [all]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job items j-7m2k --state failed', 'what went wrong'],
    ['taskmesh job items j-7m2k -o jsonl', 'one JSON object per line']
  ],
  run: async ({ args, output, terminal }) => {
    const limit = args.integer('limit', 1) ?? Infinity
    const state = args.text('state') as ItemView['state'] | undefined
    const items: ItemView[] = []
    const client = connectToRouter(args)
    for await (const item of client.allItems(
      args.positional('id'),
      { state },
      { signal: terminal.signal }
    )) {
      items.push(item)
      if (items.length >= limit) break
    }
    output.rows(items, ITEM_COLUMNS, 'no such tasks')
    return EXIT.completed
  }
}
