/** `taskmesh route replay`: makes recorded decisions again, under other weights or another policy. Needs no router. */
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { checkJob, compileJob } from '../../model/job.ts'
import { flag } from '../command.ts'
import { formatDuration } from '../../core/units.ts'
import { LIMITS } from '../../core/limits.ts'
import { PRESETS } from '../../selection/weights.ts'
import { plural, renderTable, shortPeer } from '../render.ts'
import { readTextFile } from '../local-files.ts'
import { REPLAY_POLICIES, replayDecision } from '../../selection/replay.ts'
import { validatorFor } from '../../model/validate.ts'
import type { Args } from '../args.ts'
import type { CliCommand } from '../command.ts'
import type { Column, Style } from '../render.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { ReplayWish } from '../../selection/replay.ts'

/** A pick that came out otherwise. */
interface Change {
  job_id: string | null
  item: number | null
  attempt: number | null
  recorded: string
  replayed: string
  later_ms: number
}

interface Report {
  decisions: number
  /** Nobody was chosen, or an older policy told no milliseconds. */
  skipped: number
  /** Not all that could have been chosen are in the record: the pick is the best of those that are. */
  partial: number
  changed: number
  /** Of all together, by the records' own figures; less than 0 is sooner. */
  later_ms: number
  changes: Change[]
}

const CHANGES_SHOWN = 20

const COLUMNS: readonly Column<Change>[] = [
  { title: 'job', text: ({ job_id }) => job_id ?? '–' },
  { title: 'item', text: ({ item }) => String(item ?? '–'), align: 'right' },
  { title: 'attempt', text: ({ attempt }) => String(attempt ?? '–'), align: 'right' },
  { title: 'went to', text: ({ recorded }) => shortPeer(recorded) },
  { title: 'would go to', text: ({ replayed }) => shortPeer(replayed) },
  { title: 'expected', text: ({ later_ms }) => laterText(later_ms), align: 'right' }
]

export const routeReplayCommand: CliCommand = {
  words: 'route replay',
  summary: 'make recorded decisions again under other weights or another policy',
  positionals: [{ name: 'file', describe: 'decision records, a line of JSON each; - for stdin' }],
  flags: {
    weights: flag('text', 'as in route.weights of a job, such as latency=0.5,reputation=0'),
    preset: { ...flag('text', 'as in route.preset of a job'), choices: Object.keys(PRESETS) },
    pick: flag('text', 'best, or topN'),
    policy: { ...flag('text', `another policy [${REPLAY_POLICIES[0]}]`), choices: REPLAY_POLICIES }
  },
  examples: [
    [
      'taskmesh route log --since 1h | taskmesh route replay - --preset latency',
      'what would change'
    ],
    ['taskmesh route replay decisions.jsonl --policy random', 'what chance alone would have cost']
  ],
  notes:
    'Each decision stands for itself: who was there, what each part would cost and the draw stay as they were. Nothing changes without a flag: that is the proof that a record says all. The milliseconds are expected ones, until the task is done.',
  run: async ({ args, output, terminal }) => {
    const wish = readWish(args)
    const file = args.positional('file')
    const text = file === '-' ? String(await terminal.readStdin()) : readTextFile(file, 'file')
    const report = replayAll(readRecords(text), wish)
    output.value(report, (style) => render(report, style))
    return EXIT.completed
  }
}

/** Read as a job's route is, so that what is tried here can be written there. */
function readWish(args: Args): ReplayWish {
  const [pick, preset, weights] = [args.text('pick'), args.text('preset'), args.text('weights')]
  const route = {
    ...(pick === undefined ? {} : { pick }),
    ...(preset === undefined ? {} : { preset }),
    ...(weights === undefined ? {} : { weights: readWeights(weights) })
  }
  const job = checkJob({ task: { engine: 'builtin', name: 'noop' }, route })
  const compiled = compileJob(job).route
  return {
    preset: compiled.preset,
    weights: compiled.weights,
    pickCount: pick === undefined ? undefined : compiled.pickCount,
    policy: args.text('policy') as ReplayWish['policy']
  }
}

function readWeights(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair): [string, number] => {
    const [part = '', value = ''] = pair.split('=')
    const weight = value.trim() === '' ? Number.NaN : Number(value)
    if (Number.isFinite(weight)) return [part.trim(), weight]
    throw new MeshError('FIELD_INVALID', `"${pair}" is no weight`, {
      path: '--weights',
      hint: 'write parts with numbers, such as latency=0.5,reputation=0'
    })
  })
  return Object.fromEntries(pairs)
}

const checkRecord = validatorFor<DecisionRecord>('decision')

/** Lines of JSON, or one record as `job explain` prints it, indented or not. @throws MeshError FIELD_INVALID */
function readRecords(text: string): DecisionRecord[] {
  const lines = text.trimStart().startsWith('{\n') ? [text] : text.split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [checkRecord(JSON.parse(line))]
    } catch (cause) {
      throw new MeshError(
        'FIELD_INVALID',
        `line ${index + 1} is no decision record: ${(cause as Error).message}`,
        {
          hint: 'records come from `taskmesh route log` and `taskmesh job explain --json`',
          cause
        }
      )
    }
  })
}

function replayAll(records: readonly DecisionRecord[], wish: ReplayWish): Report {
  const report: Report = {
    decisions: records.length,
    skipped: 0,
    partial: 0,
    changed: 0,
    later_ms: 0,
    changes: []
  }
  for (const record of records) {
    const pick = replayDecision(record, wish)
    if (pick === undefined) report.skipped += 1
    else {
      if (!pick.isWhole) report.partial += 1
      report.later_ms += pick.laterMs
      if (pick.recorded !== pick.replayed) {
        report.changed += 1
        if (report.changes.length < LIMITS.pageRowsMax) report.changes.push(changeOf(record, pick))
      }
    }
  }
  report.later_ms = Math.round(report.later_ms * 1_000) / 1_000
  return report
}

function changeOf(
  { attempt, item, job_id }: DecisionRecord,
  { laterMs, recorded, replayed }: { laterMs: number; recorded: string; replayed: string }
): Change {
  const laterRounded = Math.round(laterMs * 1_000) / 1_000
  const key = { job_id: job_id ?? null, item: item ?? null, attempt: attempt ?? null }
  return { ...key, recorded, replayed, later_ms: laterRounded }
}

function render(report: Report, style: Style): string {
  const { changed, changes, decisions, later_ms: laterMs, partial, skipped } = report
  const made = decisions - skipped
  const sum = `${changed} of ${plural(made, 'decision')} would change`
  const each =
    changed === 0 ? '' : `; in all ${laterText(laterMs)}, ${laterText(laterMs / made)} a task`
  const more = changed - CHANGES_SHOWN
  return [
    ...(changes.length === 0 ? [] : [renderTable(changes.slice(0, CHANGES_SHOWN), COLUMNS, style)]),
    ...(more > 0 ? [style.dim(`… ${more} more: --json has them`)] : []),
    ...(changes.length === 0 ? [] : ['']),
    style.bold(sum + each),
    ...(skipped > 0 ? [`${skipped} left out: nobody was chosen, or by an older policy`] : []),
    ...(partial > 0
      ? [`${partial} of them by the listed workers alone, the best of a larger fleet`]
      : [])
  ].join('\n')
}

/** `12ms later`, `3ms sooner`, or neither. */
function laterText(ms: number): string {
  if (Math.abs(ms) < 0.05) return 'no later'
  const text = formatDuration(
    Math.abs(ms) < 100 ? Math.round(Math.abs(ms) * 10) / 10 : Math.round(Math.abs(ms))
  )
  return `${text} ${ms > 0 ? 'later' : 'sooner'}`
}
