/** `taskmesh job describe`: everything about one job, and what to do next. */
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderDescription } from '../render-description.ts'
import { connectToRouter } from '../router-connection.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { AttemptView, JobView } from '../../model/generated/api-job.ts'
import type { CliCommand } from '../command.ts'

export const jobDescribeCommand: CliCommand = {
  words: 'job describe',
  summary: 'show one job: how it stands, how it is to run, its result, what to do next',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: API_FLAGS,
  examples: [['taskmesh job describe j-7m2k', 'any unique beginning of the id will do']],
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const options = { signal: terminal.signal }
    const job = await client.job(args.positional('id'), options)
    const [document, lastAttempt] = await Promise.all([
      client.document(job.id, options),
      lastAttemptOf(client, job, options)
    ])
    const whole = { ...job, document, last_attempt: lastAttempt ?? null }
    output.value(whole, (style) => renderDescription({ job, document, lastAttempt }, style))
    return EXIT.completed
  }
}

/** Of an array job there is no such thing; `job attempts` lists them. */
async function lastAttemptOf(
  client: ApiClient,
  { attempts, id, item_count: itemCount }: JobView,
  options: AbortOptions
): Promise<AttemptView | undefined> {
  if (itemCount > 1 || attempts === 0) return undefined
  return (await client.attempts(id, {}, options)).at(-1)
}
