/** `taskmesh job rerun`: what failed of an ended job, or all of it, as a new job. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { DOCUMENT_FLAGS, parseChange } from '../job-document.ts'
import { plural } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { RerunRequest } from '../../model/generated/api-rerun.ts'

export const jobRerunCommand: CliCommand = {
  words: 'job rerun',
  summary: 'run what failed of an ended job again, as a new job',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    all: flag('switch', 'all of its tasks, not only those that did not complete'),
    ...DOCUMENT_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job rerun j-7m2k', 'only the tasks that failed or were stopped'],
    ['taskmesh job rerun j-7m2k --all --set timeouts.run=1h', 'everything, with more time']
  ],
  run: async ({ args, output, terminal }) => {
    const changes = args.list('set').map(parseChange)
    const request: RerunRequest = {
      items: args.has('all') ? 'all' : 'unfinished',
      ...(changes.length === 0 ? {} : { set: Object.fromEntries(changes) })
    }
    const job = await connectToRouter(args).rerun(args.positional('id'), request, {
      signal: terminal.signal
    })
    output.value(job, () => `${job.id}  ${plural(job.item_count, 'task')} ${job.state}`)
    if (!output.isForPrograms) output.note(`see taskmesh job wait ${job.id}`)
    return EXIT.completed
  }
}
