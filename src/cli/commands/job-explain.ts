/** `taskmesh job explain`: why a task went where it went. */
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderDecision } from '../render-decision.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { JobView } from '../../model/generated/api-job.ts'

export const jobExplainCommand: CliCommand = {
  words: 'job explain',
  summary: 'show why a task went where it went',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    item: flag('text', 'item of an array job [the first]'),
    attempt: flag('text', 'number of the attempt [the last]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job explain j-7m2k', 'every worker, every term of its score, every reason'],
    ['taskmesh job explain j-7m2k --item b --attempt 1', 'an earlier attempt of one task']
  ],
  notes:
    'A bar is weight × score: all bars have one scale, and a row of them adds up to the score. Below each stands the fact behind it.',
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const id = args.positional('id')
    const { signal } = terminal
    const which = { item: args.text('item'), attempt: args.integer('attempt', 1) }
    let decision: DecisionRecord
    try {
      decision = await client.explain(id, which, { signal })
    } catch (cause) {
      const error = MeshError.from(cause)
      throw error.code === 'NOT_FOUND'
        ? explainNothing(error, await client.job(id, { signal }))
        : error
    }
    output.value(decision, (style) => renderDecision(decision, style))
    return EXIT.completed
  }
}

/** Nothing was decided yet: then the question is what the job waits for. */
function explainNothing(error: MeshError, job: JobView): MeshError {
  if (job.attempts > 0) return error
  return new MeshError(
    'NOT_FOUND',
    `nothing of ${job.id} was sent to a worker (it is ${job.state})`,
    {
      hint: job.waiting_for ?? `see \`taskmesh job describe ${job.id}\``
    }
  )
}
