/** `taskmesh job explain`: why a task went where it went. */
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { DECISION_NOTES, renderDecision, whyNotSentence } from '../render-decision.ts'
import { withoutEllipsis } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { Style } from '../render.ts'
import type { JobView } from '../../model/generated/api-job.ts'

export const jobExplainCommand: CliCommand = {
  words: 'job explain',
  summary: 'show why a task went where it went',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    item: flag('text', 'item of an array job [the first]'),
    attempt: flag('text', 'number of the attempt [the last]'),
    'why-not': flag('text', 'why this worker did not get it: peer id, or a part of it'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job explain j-7m2k', 'every worker, what it would have cost, every reason'],
    ['taskmesh job explain j-7m2k --why-not YkzB', 'why that worker did not get it'],
    ['taskmesh job explain j-7m2k --item b --attempt 1', 'an earlier attempt of one task']
  ],
  notes: DECISION_NOTES,
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const id = args.positional('id')
    const { signal } = terminal
    const peer = args.text('why-not')
    const whyNot = peer === undefined ? undefined : withoutEllipsis(peer)
    const which = { item: args.text('item'), attempt: args.integer('attempt', 1), whyNot }
    let decision: DecisionRecord
    try {
      decision = await client.explain(id, which, { signal })
    } catch (cause) {
      const error = MeshError.from(cause)
      throw error.code === 'NOT_FOUND' && which.attempt === undefined
        ? explainNothing(error, await client.job(id, { signal }))
        : error
    }
    const isWide = output.format === 'wide'
    output.value(decision, (style) =>
      whyNot === undefined
        ? renderDecision(decision, style, { isWide })
        : renderWhyNot(decision, style, isWide)
    )
    return EXIT.completed
  }
}

function renderWhyNot(decision: DecisionRecord, style: Style, isWide: boolean): string {
  return `${style.bold(whyNotSentence(decision))}\n\n${renderDecision(decision, style, { isWide })}`
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
