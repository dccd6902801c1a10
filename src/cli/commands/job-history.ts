/** `taskmesh job history`: everything that happened to a job, and by whom. */
import { API_FLAGS, flag } from '../command.ts'
import { HISTORY_COLUMNS } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobHistoryCommand: CliCommand = {
  words: 'job history',
  summary: 'show everything that happened to a job, when, why and by whom',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    item: flag('text', 'with the attempts of this item [of the only one]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job history j-7m2k', 'from the submission to the end'],
    ['taskmesh job history j-7m2k --item b -o wide', 'with whose fault it was, and where']
  ],
  run: async ({ args, output, terminal }) => {
    const rows = await connectToRouter(args).history(
      args.positional('id'),
      { item: args.text('item') },
      { signal: terminal.signal }
    )
    output.rows(rows, HISTORY_COLUMNS, 'nothing has happened yet')
    return EXIT.completed
  }
}
