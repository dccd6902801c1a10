/** `taskmesh files ls`: what the namespace offers. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { FILE_COLUMNS } from '../columns.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const filesLsCommand: CliCommand = {
  words: 'files ls',
  summary: 'list the files that the namespace offers',
  flags: {
    name: flag('text', 'only files with this in their names'),
    sort: { ...flag('text', 'by name or by id [name]'), choices: ['name', 'id'] },
    limit: flag('text', 'how many at most [100]'),
    after: flag('text', 'only files after this one: its id, or what the page before has said'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh files ls --name .mov', 'who has how many copies, and what stays'],
    ['taskmesh files ls --json --limit 1000', 'for programs, with whole ids']
  ],
  run: async ({ args, output, terminal }) => {
    const filter = {
      name: args.text('name'),
      sort: args.text('sort') as 'name' | 'id' | undefined,
      after: args.text('after'),
      limit: args.integer('limit', 1)
    }
    const { next, rows } = await connectToRouter(args).files(filter, { signal: terminal.signal })
    const isFiltered = filter.name !== undefined || filter.after !== undefined
    const empty = 'no files; `taskmesh files add PATH` or `taskmesh share DIR` offer some'
    output.rows(rows, FILE_COLUMNS, isFiltered ? 'no such files' : empty)
    if (next !== undefined && !output.isForPrograms) {
      output.note(`more: --after '${next}'`)
    }
    return EXIT.completed
  }
}
