/** `taskmesh up` and `taskmesh down`: a whole mesh on this machine, and its end. */
import { setMaxListeners } from 'node:events'
import { API_FLAGS, setting } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { withoutPeerId } from '../columns.ts'
import { dashboardAddress } from './dashboard.ts'
import { describeOffer } from '../mesh-plan.ts'
import { plural, renderGrid, shortPeer } from '../render.ts'
import { stopRecordedMesh } from '../mesh-record.ts'
import { homeOf } from '../router-connection.ts'
import { startLocalMesh } from '../local-mesh.ts'
import { untilAborted } from '../until-aborted.ts'
import type { CliCommand } from '../command.ts'
import type { LocalMesh } from '../local-mesh.ts'
import type { Output } from '../output.ts'
import type { Style } from '../render.ts'
import type { Terminal } from '../terminal.ts'

export const WORKERS_DEFAULT = 3

const HOME_FLAGS = { home: API_FLAGS['home'] ?? setting('text', '') }

export const upCommand: CliCommand = {
  words: 'up',
  summary: 'run a whole mesh on this machine until Ctrl-C',
  flags: {
    workers: setting('text', 'how many workers [3]'),
    namespace: setting('text', 'namespace of the mesh [default]'),
    ...HOME_FLAGS
  },
  examples: [['taskmesh up --workers 5', 'then, in another terminal: taskmesh node list']],
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    setMaxListeners(0, signal)
    const mesh = await startLocalMesh({
      home: homeOf(args),
      namespace: args.text('namespace') ?? 'default',
      workerCount: args.integer('workers', 0) ?? WORKERS_DEFAULT,
      usesKnownPorts: true,
      isKept: false,
      signal,
      onTakenPort: (port) =>
        output.alert(
          `port ${port} is taken, perhaps by another mesh: this one has a port of its own`
        ),
      onReady: ({ plan }) => output.note(output.stderrStyle.dim(`${plan.name} is ready`))
    })
    output.value(
      meshReport(mesh),
      (style) => `${renderMesh(mesh, style)}\n\n${nextSteps(mesh, terminal)}`
    )
    await untilEnd(mesh, signal, output)
    output.note('stopping')
    await mesh.stop()
    return EXIT.completed
  }
}

export const downCommand: CliCommand = {
  words: 'down',
  summary: 'stop the mesh that `up` or `demo --keep` left running',
  flags: HOME_FLAGS,
  examples: [['taskmesh down', '']],
  run: async ({ args, output }) => {
    const count = await stopRecordedMesh(homeOf(args))
    output.value({ stopped: count }, () =>
      count === 0
        ? 'no local mesh is running'
        : `stopped ${plural(count, 'process').replace(/s{3}$/, 'sses')}`
    )
    return EXIT.completed
  }
}

const NEXT_STEPS = [
  'Try, in another terminal:',
  '  taskmesh dashboard --open',
  '  taskmesh node list',
  '  taskmesh run javascript examples/word-count/word-count.js --input text=@README.md',
  '  taskmesh job run examples/squares.json',
  '  taskmesh job explain <id>',
  '  taskmesh peers --watch',
  '  taskmesh down'
].join('\n')

/** With what opens the dashboard for whoever sits there; what ends up in a file or in another program has no token. */
export function nextSteps(mesh: LocalMesh, { stdout }: Terminal): string {
  const { http = '' } = mesh.router.report
  const address = dashboardAddress(http, stdout.isTTY ? mesh.token : undefined)
  return `The dashboard: ${address}\n${NEXT_STEPS}`
}

/** Who runs where. */
export function renderMesh(mesh: LocalMesh, style: Style): string {
  const rows = mesh.children.map(({ pid, plan, report }) => [
    style.bold(plan.name),
    plan.role === 'worker' ? shortPeer(report.peer_id) : '',
    `pid ${pid}`,
    plan.role === 'worker' ? describeOffer(plan) : '',
    report.http ?? withoutPeerId(report.addresses[0] ?? '')
  ])
  return renderGrid(rows)
}

function meshReport(mesh: LocalMesh): object[] {
  return mesh.children.map(({ plan, report }) => ({ name: plan.name, ...report }))
}

/** Resolves on Ctrl-C, or when every process has ended; one that ends alone is only told. */
async function untilEnd(mesh: LocalMesh, signal: AbortSignal, output: Output): Promise<void> {
  const ends = mesh.children.map(async (child) => {
    await child.ended
    if (!signal.aborted)
      output.alert(`${child.plan.name} has ended: ${child.end}; its log is ${child.logFile}`)
  })
  await Promise.race([untilAborted(signal), Promise.all(ends)])
}
