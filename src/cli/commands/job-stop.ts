/** `taskmesh job stop`. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobStopCommand: CliCommand = {
  words: 'job stop',
  summary: 'stop a job',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: { reason: flag('text', 'for whoever asks later'), ...API_FLAGS },
  examples: [['taskmesh job stop j-7m2k --reason "wrong input"', '']],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const job = await connectToRouter(args).stop(args.positional('id'), args.text('reason'), {
      signal
    })
    output.value(job, () => `${job.id} ${job.state}`)
    return EXIT.completed
  }
}
