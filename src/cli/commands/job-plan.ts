/** `taskmesh job plan`: where a job would go now, and why; nothing is submitted. */
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { DOCUMENT_FLAGS, JOB_FILE, readJobFile } from '../job-document.ts'
import { hashPaths } from '../upload/add-files.ts'
import { localFilesOf, withFileIds } from '../local-files.ts'
import { DECISION_NOTES, renderDecision } from '../render-decision.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { PlanView } from '../../model/generated/api-plan.ts'
import type { Style } from '../render.ts'

export const jobPlanCommand: CliCommand = {
  words: 'job plan',
  summary: 'show where a job would go now, and why',
  positionals: [JOB_FILE],
  flags: {
    all: flag('switch', 'list all workers, not only the first twenty'),
    explain: flag('switch', 'the facts behind the figures too, as -o wide'),
    ...DOCUMENT_FLAGS,
    ...API_FLAGS
  },
  examples: [
    [
      'taskmesh job plan job.json',
      'exit 0: can start now; 1: would queue or fits nowhere; 255: error'
    ]
  ],
  notes: DECISION_NOTES,
  errorExitCode: EXIT.planFailed,
  run: async (context) => {
    const { args, output, terminal } = context
    const { document, kind } = await readJobFile(args, terminal)
    if (kind === 'graph') {
      throw new MeshError('FIELD_INVALID', 'a graph of jobs has no plan', {
        path: 'jobs',
        hint: 'plan its jobs one by one'
      })
    }
    // Their ids alone say who has them; nothing is handed in.
    const trees = await hashPaths(localFilesOf(document), context)
    const planned = withFileIds(document, new Map(trees.map(({ id, path }) => [path, id])))
    const options = { signal: terminal.signal, isWhole: args.has('all') }
    const plan = await connectToRouter(args).plan(planned, options)
    const isWide = args.has('explain') || output.format === 'wide'
    output.value(plan, (style) => renderPlan(plan, style, isWide))
    return plan.outcome === 'can_start' ? EXIT.completed : EXIT.error
  }
}

function renderPlan(
  { outcome, summary, decision }: PlanView,
  style: Style,
  isWide: boolean
): string {
  const paint = outcome === 'can_start' ? style.green : style.yellow
  // Where some worker fits, the summary itself says whether it could begin.
  const text = outcome === 'no_worker_fits' ? `no worker fits: ${summary}` : summary
  return `${paint(text)}\n\n${renderDecision(decision, style, { isWide })}`
}
