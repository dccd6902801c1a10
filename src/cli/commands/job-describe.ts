/** `taskmesh job describe`: everything about one job. */
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderJob } from '../render-job.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobDescribeCommand: CliCommand = {
  words: 'job describe',
  summary: 'show one job with its result',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: API_FLAGS,
  examples: [['taskmesh job describe j-7m2k', 'any unique beginning of the id will do']],
  run: async ({ args, output, terminal }) => {
    const job = await connectToRouter(args).job(args.positional('id'), { signal: terminal.signal })
    output.value(job, (style) => renderJob(job, style))
    return EXIT.completed
  }
}
