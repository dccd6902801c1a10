/** `taskmesh route log`: the decisions of all jobs as lines of JSON, to be kept or replayed. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const routeLogCommand: CliCommand = {
  words: 'route log',
  summary: 'print the decisions of all jobs, a line of JSON each',
  flags: {
    since: flag('text', 'so long ago at most (1h), or from a moment on [all that are kept]'),
    ...API_FLAGS
  },
  examples: [['taskmesh route log --since 1h > decisions.jsonl', 'for `taskmesh route replay`']],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    for await (const record of connectToRouter(args).decisions(args.text('since'), { signal })) {
      output.record(record)
    }
    return EXIT.completed
  }
}
