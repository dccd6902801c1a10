/** `taskmesh job wait`: waits for jobs that were submitted earlier. */
import { isTerminal } from '../../jobs/records.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { followJob } from '../follow.ts'
import { renderEnd } from '../render-job.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobWaitCommand: CliCommand = {
  words: 'job wait',
  summary: 'wait until jobs have ended',
  positionals: [{ name: 'id', describe: 'job ids, or their first letters', isList: true }],
  flags: {
    'wait-timeout': flag('text', 'wait no longer than this, such as 10m'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job wait j-7m2k j-9x04', 'the exit code is that of the first that did not complete']
  ],
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const timeoutMs = args.durationMs('wait-timeout')
    const ids = args.positionalList('id')
    const jobs = await Promise.all(
      ids.map(async (id) => {
        const job = await followJob(client, id, { signal: terminal.signal, timeoutMs })
        if (!output.isForPrograms) output.line(renderEnd(job, output.style))
        return job
      })
    )
    if (output.isForPrograms) {
      if (jobs.length === 1) output.value(jobs[0], () => '')
      else output.rows(jobs, [], '')
    }
    const late = jobs.find(({ state }) => !isTerminal(state))
    if (late !== undefined) output.note(`${late.id} goes on`)
    return jobs.map(exitCodeOf).find((code) => code !== EXIT.completed) ?? EXIT.completed
  }
}
