/** `taskmesh job wait`: waits for jobs that were submitted earlier. */
import { API_FLAGS, flag } from '../command.ts'
import {
  EXIT,
  EXIT_CODE_FLAG,
  exitCodeLines,
  exitCodeOf,
  programExitCodeOf
} from '../exit-codes.ts'
import { followJobs, isSettled } from '../follow.ts'
import { renderEnd } from '../render-job.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobWaitCommand: CliCommand = {
  words: 'job wait',
  summary: 'wait until jobs have ended or are held',
  positionals: [{ name: 'id', describe: 'job ids, or their first letters', isList: true }],
  flags: {
    any: flag('switch', 'the first that has ended is enough'),
    ...EXIT_CODE_FLAG,
    'wait-timeout': flag('text', 'wait no longer than this, such as 10m'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job wait j-7m2k j-9x04', 'the exit code is that of the first that did not complete'],
    ['taskmesh job wait j-7m2k j-9x04 --any', 'the exit code is that of the one that has ended']
  ],
  notes: exitCodeLines('Exit codes:'),
  run: async ({ args, output, terminal }) => {
    const isAnyEnough = args.has('any')
    const jobs = await followJobs(connectToRouter(args), args.positionalList('id'), {
      signal: terminal.signal,
      timeoutMs: args.durationMs('wait-timeout'),
      isAnyEnough,
      onChange: (job) => {
        if (isSettled(job) && !output.isForPrograms) output.line(renderEnd(job, output.style))
      }
    })
    if (output.isForPrograms) {
      if (jobs.length === 1) output.value(jobs[0], () => '')
      else output.rows(jobs, [], '')
    }
    // The time was up before the router had said how any of them stands.
    if (jobs.length === 0) return EXIT.detached
    const settled = jobs.filter(isSettled)
    const late = jobs.find((job) => !isSettled(job))
    if (late !== undefined) output.note(`${late.id} goes on`)
    const counted = isAnyEnough && settled.length > 0 ? settled : jobs
    const codeOf = args.has('exit-code') ? programExitCodeOf : exitCodeOf
    return counted.map(codeOf).find((code) => code !== EXIT.completed) ?? EXIT.completed
  }
}
