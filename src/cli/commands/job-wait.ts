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
import { describeResultFile, renderOutputs } from '../render-files.ts'
import { SAVE_FLAGS, saveReturned, wholeJob } from '../returned-files.ts'
import { connectToRouter } from '../router-connection.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { Output } from '../output.ts'

export const jobWaitCommand: CliCommand = {
  words: 'job wait',
  summary: 'wait until jobs have ended or are held',
  positionals: [{ name: 'id', describe: 'job ids, or their first letters', isList: true }],
  flags: {
    any: flag('switch', 'the first that has ended is enough'),
    ...EXIT_CODE_FLAG,
    'wait-timeout': flag('text', 'wait no longer than this, such as 10m'),
    ...SAVE_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job wait j-7m2k j-9x04', 'the exit code is that of the first that did not complete'],
    ['taskmesh job wait j-7m2k j-9x04 --any', 'the exit code is that of the one that has ended'],
    ['taskmesh job wait j-7m2k --save results', 'writes the files that came back, long after, too']
  ],
  notes: exitCodeLines('Exit codes:'),
  run: async (context) => {
    const { args, output, terminal } = context
    const client = connectToRouter(args)
    const isAnyEnough = args.has('any')
    const jobs = await followJobs(client, args.positionalList('id'), {
      signal: terminal.signal,
      timeoutMs: args.durationMs('wait-timeout'),
      isAnyEnough,
      onChange: (job) => {
        if (isSettled(job) && !output.isForPrograms) printEnd(job, output)
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
    if (args.text('save') !== undefined) await saveAll(client, settled, context)
    const counted = isAnyEnough && settled.length > 0 ? settled : jobs
    const codeOf = args.has('exit-code') ? programExitCodeOf : exitCodeOf
    return counted.map(codeOf).find((code) => code !== EXIT.completed) ?? EXIT.completed
  }
}

/** How it ended, and where what it left is. */
function printEnd(job: JobView, output: Output): void {
  const { output_file: file, outputs } = job
  output.line(renderEnd(job, output.style))
  if (file !== undefined) output.line(describeResultFile(file, job.id))
  if (outputs !== undefined) output.line(renderOutputs(outputs, output.style))
}

/** The files of several jobs lie in a folder of each job's own. */
async function saveAll(
  client: ApiClient,
  jobs: readonly JobView[],
  context: CommandContext
): Promise<void> {
  const isOneOfMany = context.args.positionalList('id').length > 1
  for (const job of jobs) {
    // oxlint-disable-next-line no-await-in-loop -- the first that may not be written is the one to name
    await saveReturned(await wholeJob(client, job, job.item_count > 1), context, { isOneOfMany })
  }
}
