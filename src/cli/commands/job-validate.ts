/** `taskmesh job validate`: checks a job file without a router. */
import { EXIT } from '../exit-codes.ts'
import { itemCount } from '../../model/job.ts'
import { plural } from '../render.ts'
import { DOCUMENT_FLAGS, JOB_FILE, readJobDocument } from '../job-document.ts'
import type { CliCommand } from '../command.ts'

export const jobValidateCommand: CliCommand = {
  words: 'job validate',
  summary: 'check a job file without running it',
  positionals: [JOB_FILE],
  flags: DOCUMENT_FLAGS,
  examples: [['taskmesh job validate job.json', 'names the field that is wrong']],
  run: async ({ args, output, terminal }) => {
    const document = await readJobDocument(args, terminal)
    const tasks = itemCount(document)
    const { engine } = document.task
    output.value(
      { valid: true, engine, tasks },
      (style) => `${style.green('valid')}: ${plural(tasks, 'task')} for engine ${engine}`
    )
    return EXIT.completed
  }
}
