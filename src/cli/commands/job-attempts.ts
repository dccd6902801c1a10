/** `taskmesh job attempts`: every time that a task was sent to a worker, and what came of it. */
import { API_FLAGS, flag } from '../command.ts'
import { ATTEMPT_COLUMNS } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobAttemptsCommand: CliCommand = {
  words: 'job attempts',
  summary: 'list the attempts of a job: who tried it, and what came of it',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    item: flag('text', 'only attempts of this item'),
    limit: flag('text', 'how many at most [100]'),
    ...API_FLAGS
  },
  examples: [['taskmesh job attempts j-7m2k --item a', 'the story of one task']],
  run: async ({ args, output, terminal }) => {
    const attempts = await connectToRouter(args).attempts(
      args.positional('id'),
      { item: args.text('item'), limit: args.integer('limit', 1) },
      { signal: terminal.signal }
    )
    output.rows(attempts, ATTEMPT_COLUMNS, 'no attempts yet')
    return EXIT.completed
  }
}
