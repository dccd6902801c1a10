/** `taskmesh job stop`. */
import { isTerminal } from '../../jobs/records.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { JobView } from '../../model/generated/api-job.ts'

export const jobStopCommand: CliCommand = {
  words: 'job stop',
  summary: 'stop jobs: their tasks are told to end, and seen to have ended',
  positionals: [{ name: 'id', describe: 'job ids, or their first letters', isList: true }],
  flags: {
    reason: flag('text', 'for whoever asks later'),
    'kill-after': flag('text', "how long its tasks may still go on, such as 10s [the job's own]"),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job stop j-7m2k j-9x04 --reason "wrong input"', ''],
    ['taskmesh job stop j-7m2k --kill-after 0s', 'at once, also if it is stopping already']
  ],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const client = connectToRouter(args)
    const killAfter = args.text('kill-after')
    const jobs: JobView[] = []
    for (const id of args.positionalList('id')) {
      // In their order, so that the first that can't be stopped says so before others are.
      // oxlint-disable-next-line no-await-in-loop
      const job = await client.stop(id, args.text('reason'), { signal, killAfter })
      jobs.push(job)
      const note = isTerminal(job.state) ? '' : ', some of its tasks have not ended yet'
      if (!output.isForPrograms) output.line(`${job.id} ${job.state}${note}`)
    }
    if (output.isForPrograms) {
      if (jobs.length === 1) output.value(jobs[0], () => '')
      else output.rows(jobs, [], '')
    }
    return EXIT.completed
  }
}
