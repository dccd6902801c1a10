/**
 * `taskmesh demo` (and `npm start`): starts a mesh of five processes, counts the words of every README.md
 * among the installed packages on it, and shows where the tasks went and why.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { formatDuration } from '../../core/units.ts'
import { MeshError } from '../../core/errors.ts'
import { REPUTATION_COLUMNS } from '../reputation-columns.ts'
import { API_FLAGS, flag, setting } from '../command.ts'
import { findReadmes, mergeCounts } from '../demo-words.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { followJob } from '../follow.ts'
import { startLocalMesh } from '../local-mesh.ts'
import { createProgress } from '../progress.ts'
import { formatCount, plural, renderBar, renderGrid, renderTable, shortPeer } from '../render.ts'
import { renderDecision } from '../render-decision.ts'
import { homeOf } from '../router-connection.ts'
import { WORKERS_DEFAULT, nextSteps, renderMesh } from './up.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { ItemView, JobView } from '../../model/generated/api-job.ts'
import type { LocalMesh } from '../local-mesh.ts'
import type { Output } from '../output.ts'

const SOURCE = fileURLToPath(new URL('../../../examples/word-count/word-count.js', import.meta.url))
const WORDS_SHOWN = 20
const BAR_LETTERS = 32
/** Decisions to find an interesting one among. */
const PLACEMENTS_LOOKED_AT = 40

export const demoCommand: CliCommand = {
  words: 'demo',
  summary: 'start a mesh, count words of real files on it, show where the tasks went and why',
  flags: {
    keep: flag('switch', 'leave the mesh running and print what to type next'),
    workers: setting('text', 'how many workers [3]'),
    namespace: setting('text', 'namespace of the mesh [default]'),
    home: API_FLAGS['home'] ?? setting('text', '')
  },
  examples: [
    ['taskmesh demo', 'the same as npm start; leaves nothing behind'],
    ['taskmesh demo --keep', 'leaves the mesh up; taskmesh down stops it']
  ],
  run: async (context) => {
    const { args, terminal } = context
    if (args.has('keep')) return runDemo(context, homeOf(args))
    const home = mkdtempSync(join(tmpdir(), 'taskmesh-demo-'))
    // Of one that failed the logs are left: its error says where.
    let isOfUse = true
    try {
      const code = await runDemo(context, home)
      isOfUse = false
      return code
    } finally {
      const isLeft = isOfUse && !terminal.signal.aborted
      if (!isLeft) rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

async function runDemo(context: CommandContext, home: string): Promise<number> {
  const { args, output, terminal } = context
  const { signal } = terminal
  setMaxListeners(0, signal)
  const isKept = args.has('keep')
  const startedMs = systemClock.monotonicMs()
  const mesh = await startLocalMesh({
    home,
    namespace: args.text('namespace') ?? 'default',
    workerCount: args.integer('workers', 1) ?? WORKERS_DEFAULT,
    usesKnownPorts: isKept,
    isKept,
    signal,
    onReady: ({ plan }) => output.note(output.stderrStyle.dim(`${plan.name} is ready`))
  })
  let isLeft = false
  try {
    const meshMs = systemClock.monotonicMs() - startedMs
    title(
      output,
      `A mesh of ${mesh.children.length} processes on this machine, up in ${formatDuration(meshMs)}`
    )
    output.line(renderMesh(mesh, output.style))
    const job = await countWords(mesh, context)
    if (job.state !== 'completed') return exitCodeOf(job)
    isLeft = isKept
  } finally {
    if (isLeft) mesh.leave()
    else await mesh.stop()
  }
  const what = isKept
    ? `The mesh goes on.\n\n${nextSteps(mesh, terminal)}`
    : `Everything is stopped. To keep the mesh up: npx taskmesh demo --keep`
  output.line(`\n${what}`)
  output.note(
    output.stderrStyle.dim(`whole run: ${formatDuration(systemClock.monotonicMs() - startedMs)}`)
  )
  return EXIT.completed
}

async function countWords(mesh: LocalMesh, context: CommandContext): Promise<JobView> {
  const { output, terminal } = context
  const { signal } = terminal
  const files = findReadmes()
  const bytes = files.reduce((sum, { text }) => sum + text.length, 0)
  title(
    output,
    `Counting the words of ${plural(files.length, 'README.md file')} (${formatCount(Math.round(bytes / 1_000))} kB), one task each`
  )
  const { id } = await mesh.client.submit(
    {
      name: 'word-count',
      labels: { demo: 'yes' },
      task: { engine: 'javascript', source: readFileSync(SOURCE, 'utf8') },
      each: files.map(({ name, text }) => ({ id: name, input: { text } }))
    },
    { signal }
  )
  const progress = createProgress('counting', files.length, output, terminal.stderr)
  let job: JobView
  try {
    job = await followJob(mesh.client, id, {
      signal,
      onEvent: (event) => progress.tell(event),
      onWaiting: (reason) => progress.say(`waiting: ${reason}`)
    })
  } finally {
    progress.stop()
  }
  const items: ItemView[] = []
  for await (const item of mesh.client.allItems(id, {}, { signal })) items.push(item)
  if (job.state !== 'completed') throw failureOf(job, items)
  printWords(items, output)
  printWorkers(mesh, job, items, output)
  await printPlacement(mesh, items, id, context)
  title(output, 'What the router now knows of its workers')
  output.line(
    renderTable(
      await mesh.client.reputation({ signal }),
      REPUTATION_COLUMNS.filter(({ isWide }) => isWide !== true),
      output.style
    )
  )
  return job
}

function printWords(items: readonly ItemView[], output: Output): void {
  const { total, ranked } = mergeCounts(items)
  title(output, `The ${WORDS_SHOWN} most frequent of ${formatCount(total)} words`)
  const most = ranked[0]?.[1] ?? 1
  const rows = ranked
    .slice(0, WORDS_SHOWN)
    .map(([word, count]) => [
      word,
      formatCount(count),
      output.style.cyan(renderBar(count / most, BAR_LETTERS))
    ])
  output.line(renderGrid(rows, { aligns: ['left', 'right', 'left'] }))
}

function printWorkers(
  mesh: LocalMesh,
  job: JobView,
  items: readonly ItemView[],
  output: Output
): void {
  const tookMs = (job.ended_at_ms ?? 0) - job.created_at_ms
  const rate = Math.round(items.length / (tookMs / 1_000))
  title(
    output,
    `${plural(items.length, 'task')} in ${formatDuration(tookMs)} (${rate} a second), ${plural(job.attempts, 'attempt')}, job ${job.id}`
  )
  const workers = mesh.children.filter(({ plan }) => plan.role === 'worker')
  const counts = workers.map(
    ({ report }) => items.filter(({ worker }) => worker === report.peer_id).length
  )
  const most = Math.max(1, ...counts)
  const rows = workers.map(({ plan, report }, index) => {
    const count = counts[index] ?? 0
    return [
      shortPeer(report.peer_id),
      plan.size ?? '',
      plural(report.slots ?? 0, 'slot'),
      formatCount(count),
      output.style.cyan(renderBar(count / most, BAR_LETTERS))
    ]
  })
  output.line(renderGrid(rows, { aligns: ['left', 'left', 'left', 'right', 'left'] }))
}

/** A task for which several workers had room, so that the choice was a real one. */
async function printPlacement(
  mesh: LocalMesh,
  items: readonly ItemView[],
  id: string,
  { output, terminal }: CommandContext
): Promise<void> {
  const step = Math.max(1, Math.ceil(items.length / PLACEMENTS_LOOKED_AT))
  const looks = items
    .filter((_item, index) => index % step === 0)
    .map(async (item) => ({
      item,
      decision: await mesh.client.explain(id, { item: item.id }, { signal: terminal.signal })
    }))
  // The latest of the richest: by then there is something to go by.
  const [best] = (await Promise.all(looks)).toSorted(
    (left, right) =>
      choicesIn(right.decision) - choicesIn(left.decision) ||
      right.decision.at_ms - left.decision.at_ms
  )
  if (best === undefined) return
  title(output, `Why ${best.item.id} went where it went (taskmesh job explain)`)
  output.line(renderDecision(best.decision, output.style))
}

function choicesIn({ candidates }: DecisionRecord): number {
  return candidates.filter(({ probability = 0 }) => probability > 0).length
}

function title(output: Output, text: string): void {
  output.line(`\n${output.style.bold(text)}`)
}

function failureOf(job: JobView, items: readonly ItemView[]): MeshError {
  const failed = items.find(({ error }) => error !== undefined)
  const error = failed?.error ?? job.error
  return new MeshError(
    'TASK_FAILED',
    `the demo's job ${job.state}: ${error?.code}: ${error?.message}`,
    {
      path: failed?.id
    }
  )
}
