/** `taskmesh job validate`: checks a job file without a router. */
import { EXIT } from '../exit-codes.ts'
import { itemCount } from '../../model/job.ts'
import { plural } from '../render.ts'
import { DOCUMENT_FLAGS, JOB_FILE, readJobFile } from '../job-document.ts'
import type { CliCommand } from '../command.ts'

export const jobValidateCommand: CliCommand = {
  words: 'job validate',
  summary: 'check a job file without running it',
  positionals: [JOB_FILE],
  flags: DOCUMENT_FLAGS,
  examples: [['taskmesh job validate job.json', 'names the field that is wrong']],
  run: async ({ args, output, terminal }) => {
    const { document, kind } = await readJobFile(args, terminal)
    const jobs = kind === 'job' ? [document] : Object.values(document.jobs)
    const tasks = jobs.reduce((sum, job) => sum + itemCount(job), 0)
    const engines = [...new Set(jobs.map(({ task }) => task.engine))].join(', ')
    const what = kind === 'job' ? '' : `${plural(jobs.length, 'job')}, `
    output.value(
      { valid: true, engine: engines, jobs: jobs.length, tasks },
      (style) => `${style.green('valid')}: ${what}${plural(tasks, 'task')} for engine ${engines}`
    )
    return EXIT.completed
  }
}
