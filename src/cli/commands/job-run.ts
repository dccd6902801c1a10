/** `taskmesh job run`: submits a job file with one job or a graph of them, waits, prints what came of it. */
import { runGraph } from '../run-graph.ts'
import { runJob, RUN_FLAGS } from '../run-job.ts'
import { API_FLAGS } from '../command.ts'
import { exitCodeLines } from '../exit-codes.ts'
import { DOCUMENT_FLAGS, JOB_FILE, readJobFile } from '../job-document.ts'
import type { CliCommand } from '../command.ts'

export const jobRunCommand: CliCommand = {
  words: 'job run',
  summary: 'submit a job, wait for it, print its result',
  positionals: [JOB_FILE],
  flags: { ...RUN_FLAGS, ...DOCUMENT_FLAGS, ...API_FLAGS },
  examples: [
    ['taskmesh job run job.json', 'the exit code says how it ended'],
    ['taskmesh job run job.json -f', 'with its log as it comes'],
    ['taskmesh job run job.json --detach --id-only', 'for scripts: the id alone'],
    ['taskmesh job run job.json --key night-2026-01-02', 'safe to repeat: it runs once'],
    ['taskmesh job run job.json --set resources.memory=256MiB --json', 'changed for this run']
  ],
  notes: [
    'Ctrl-C stops the waiting, not the job. Of a graph ({"jobs": {…}}) all jobs are waited for.',
    exitCodeLines('Exit codes (of a graph: the worst):')
  ].join('\n\n'),
  run: async (context) => {
    const content = await readJobFile(context.args, context.terminal)
    return content.kind === 'job'
      ? runJob(content.document, context)
      : runGraph(content.document, context)
  }
}
