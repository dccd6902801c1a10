/** `taskmesh job hold` and `job release`. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobHoldCommand: CliCommand = {
  words: 'job hold',
  summary: 'let nothing more of a job begin; what runs goes on',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: { reason: flag('text', 'for whoever asks later'), ...API_FLAGS },
  examples: [['taskmesh job hold j-7m2k --reason "the input is not there yet"', '']],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const job = await connectToRouter(args).hold(args.positional('id'), args.text('reason'), {
      signal
    })
    output.value(job, () => `${job.id} ${job.state}; to go on: taskmesh job release ${job.id}`)
    return EXIT.completed
  }
}

export const jobReleaseCommand: CliCommand = {
  words: 'job release',
  summary: 'let a held job go on',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: API_FLAGS,
  examples: [['taskmesh job release j-7m2k', 'tasks that were held are tried again']],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const job = await connectToRouter(args).release(args.positional('id'), { signal })
    output.value(job, () => `${job.id} ${job.state}`)
    return EXIT.completed
  }
}
