/** `taskmesh job run`: submits a job file, waits, prints the result. */
import { runJob, RUN_FLAGS } from '../run-job.ts'
import { API_FLAGS } from '../command.ts'
import { DOCUMENT_FLAGS, JOB_FILE, readJobDocument } from '../job-document.ts'
import type { CliCommand } from '../command.ts'

export const jobRunCommand: CliCommand = {
  words: 'job run',
  summary: 'submit a job, wait for it, print its result',
  positionals: [JOB_FILE],
  flags: { ...RUN_FLAGS, ...DOCUMENT_FLAGS, ...API_FLAGS },
  examples: [
    ['taskmesh job run job.json', 'the exit code says how it ended'],
    ['taskmesh job run job.json --detach --id-only', 'for scripts: the id alone'],
    ['taskmesh job run job.json --set resources.memory=256MiB --json', 'changed for this run']
  ],
  notes: 'Ctrl-C stops the waiting, not the job. See `taskmesh --help` for the exit codes.',
  run: async (context) => runJob(await readJobDocument(context.args, context.terminal), context)
}
