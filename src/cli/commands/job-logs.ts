/** `taskmesh job logs`: what tasks wrote with console.log. */
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobLogsCommand: CliCommand = {
  words: 'job logs',
  summary: 'print what the tasks of a job logged',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: { item: flag('text', 'only this item'), ...API_FLAGS },
  examples: [['taskmesh job logs j-7m2k --item a', 'the log of one task']],
  run: async ({ args, output, terminal }) => {
    const only = args.text('item')
    const client = connectToRouter(args)
    const rows: { item: string; logs: string }[] = []
    let isFound = false
    for await (const { id, logs = '' } of client.allItems(
      args.positional('id'),
      {},
      { signal: terminal.signal }
    )) {
      if (only !== undefined && id !== only) continue
      isFound = true
      if (logs !== '') rows.push({ item: id, logs })
    }
    if (only !== undefined && !isFound) {
      throw new MeshError('NOT_FOUND', `the job has no item "${only}"`, { path: '--item' })
    }
    if (output.isForPrograms) output.rows(rows, [], '')
    else {
      // With one task there is nothing to tell apart.
      const prefix = (item: string): string =>
        rows.length > 1 ? `${output.style.dim(item)}  ` : ''
      for (const { item, logs } of rows) {
        for (const line of logs.trimEnd().split('\n')) output.line(`${prefix(item)}${line}`)
      }
      if (rows.length === 0) output.note('nothing was logged')
    }
    return EXIT.completed
  }
}
