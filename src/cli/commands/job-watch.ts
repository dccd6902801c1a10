/** `taskmesh job watch`: a job's changes as they happen. */
import { API_FLAGS } from '../command.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { renderProgressLine } from '../render-job.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const jobWatchCommand: CliCommand = {
  words: 'job watch',
  summary: "print a job's changes until it has ended",
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: API_FLAGS,
  examples: [['taskmesh job watch j-7m2k -o jsonl', 'one JSON object per change']],
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const { signal } = terminal
    const { id, created_at_ms: startMs } = await client.job(args.positional('id'), { signal })
    for await (const event of client.watch(id, { signal })) {
      if (output.isForPrograms) output.line(JSON.stringify(event))
      else output.line(renderProgressLine(event.at_ms, startMs, event))
    }
    return exitCodeOf(await client.job(id, { signal }))
  }
}
