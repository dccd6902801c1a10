/** `taskmesh node idle-reasons`: why tasks went elsewhere, for the owner of a worker. */
import { ageOf } from '../columns.ts'
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { formatCount, plural, renderTable, shortPeer, shorten, withoutEllipsis } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { Column, Style } from '../render.ts'
import type { CliCommand } from '../command.ts'
import type {
  IdleReasonsView,
  IdleWorker,
  IdleWorkerReason
} from '../../model/generated/api-idle-reasons.ts'

const EXAMPLE_LETTERS = 60

type Columns<Row> = (exampleLetters: number) => readonly Column<Row>[]

const WORKERS: Columns<IdleWorker> = (exampleLetters) => [
  { title: 'worker', text: ({ peer_id }) => shortPeer(peer_id) },
  { title: 'looks', text: ({ looks }) => formatCount(looks), align: 'right' },
  { title: 'chosen', text: ({ chosen }) => formatCount(chosen), align: 'right' },
  { title: 'mostly', text: ({ reasons }) => reasons[0]?.code ?? '–' },
  { title: 'such as', text: ({ reasons }) => shorten(reasons[0]?.example ?? '', exampleLetters) }
]

const REASONS: Columns<IdleWorkerReason> = (exampleLetters) => [
  { title: 'reason', text: ({ code }) => code },
  { title: 'times', text: ({ count }) => formatCount(count), align: 'right' },
  { title: 'last', text: ({ last_at_ms }) => `${ageOf(last_at_ms)} ago`, align: 'right' },
  { title: 'router', text: ({ router }) => shortPeer(router) },
  { title: 'such as', text: ({ example }) => shorten(example, exampleLetters) }
]

export const nodeIdleReasonsCommand: CliCommand = {
  words: 'node idle-reasons',
  summary: 'show why tasks went elsewhere than to a worker',
  positionals: [
    { name: 'peer', describe: 'peer id, or its first or last letters', isOptional: true }
  ],
  flags: {
    since: flag('text', 'so long ago at most, such as 15m [1h, which is the most]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh node idle-reasons', 'every worker with the reason met most'],
    [
      'taskmesh node idle-reasons GYkZzB',
      'all reasons of one, by router, and what its owner can do'
    ]
  ],
  notes:
    'LOOKS are decisions in which a router noted why this worker was not chosen, or that it was: a task may need several, and of each a router notes four workers, in turn, so that in a larger fleet the counts are a sample. All routers that this one knows are asked.',
  run: async ({ args, output, terminal }) => {
    const peer = args.optionalPositional('peer')
    const which = {
      since: args.text('since'),
      peer: peer === undefined ? undefined : withoutEllipsis(peer)
    }
    const view = await connectToRouter(args).idleReasons(which, { signal: terminal.signal })
    output.value(view, (style) =>
      render(view, { isOne: peer !== undefined, isWide: output.format === 'wide' }, style)
    )
    return EXIT.completed
  }
}

interface IdleStyle {
  isOne: boolean
  /** With whole examples. */
  isWide: boolean
}

function render(
  { routers, workers }: IdleReasonsView,
  { isOne, isWide }: IdleStyle,
  style: Style
): string {
  const exampleLetters = isWide ? Infinity : EXAMPLE_LETTERS
  const silent = routers.flatMap(({ error, peer_id }) =>
    error === null
      ? []
      : [style.yellow(`router ${shortPeer(peer_id)} does not say: ${printable(error)}`)]
  )
  const asked = `by ${plural(routers.length - silent.length, 'router')}`
  if (workers.length === 0) {
    return [
      `no decision looked at ${isOne ? 'it' : 'any worker'} in that time, ${asked}`,
      ...silent
    ].join('\n')
  }
  const [worker] = workers
  const body =
    isOne && worker !== undefined
      ? renderOne(worker, { asked, columns: REASONS(exampleLetters) }, style)
      : renderTable(workers, WORKERS(exampleLetters), style)
  return [body, ...silent].join('\n')
}

function renderOne(
  worker: IdleWorker,
  { asked, columns }: { asked: string; columns: readonly Column<IdleWorkerReason>[] },
  style: Style
): string {
  const { chosen, hint, looks, peer_id: peer, reasons } = worker
  const head = `${style.bold(shortPeer(peer))} was chosen in ${formatCount(chosen)} of ${plural(looks, 'decision')} that looked at it, ${asked}`
  const table = reasons.length === 0 ? [] : ['', renderTable(reasons, columns, style)]
  return [head, ...table, ...(hint === null ? [] : ['', printable(hint)])].join('\n')
}
