/** `taskmesh reputation show` and `reputation top`: what the router has itself seen of its workers, and how it knows. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { EVIDENCE_COLUMNS, REPUTATION_COLUMNS } from '../reputation-columns.ts'
import { MeshError } from '../../core/errors.ts'
import { renderReputation, renderTaskTypes } from '../render-reputation.ts'
import { connectToRouter } from '../router-connection.ts'
import { wholePeer } from '../whole-peer.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { EvidenceEntry } from '../../model/generated/evidence-entry.ts'

const NOTHING_SEEN = 'nothing was seen yet: no worker has run a task'
const ROWS = 20

export const reputationShowCommand: CliCommand = {
  words: 'reputation show',
  summary: 'show what the router has seen of its workers',
  positionals: [
    { name: 'peer', describe: 'only this one: peer id, or a part of it', isOptional: true }
  ],
  flags: {
    by: { ...flag('text', 'show it for each type of task'), choices: ['task_type'] },
    evidence: flag('switch', 'list what was counted, newest first, with receipts'),
    suspects: flag(
      'switch',
      'list results to doubt: unverified ones of the day before a wrong one'
    ),
    'as-of': flag('text', 'as it was at 2026-01-02T03:04:05Z, or so long ago (1h)'),
    limit: flag('text', `lines of evidence or suspects at most [${ROWS}]`),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh reputation show', 'all workers, best first'],
    ['taskmesh reputation show GYkZzB', 'one in full: interval, counts, trend, last changes'],
    ['taskmesh reputation show GYkZzB --by task_type', 'for each type of task'],
    ['taskmesh reputation show GYkZzB --evidence --json', 'what it is made of, with receipts']
  ],
  notes:
    'Reputation, 0 to 1, is the share of tasks that it surely sees through, as far as is known, times how far its results were found right; from outcomes that this router saw itself. CHECKED is how many results were compared with those of others, and the share of the next that is to be. -o wide has more columns.',
  run: async (context) => {
    const { args, output, terminal } = context
    const client = connectToRouter(args)
    const { signal } = terminal
    const part = args.optionalPositional('peer')
    if (part === undefined) {
      refuseWithoutPeer(context)
      output.rows(await client.reputation({ signal }), REPUTATION_COLUMNS, NOTHING_SEEN)
      return EXIT.completed
    }
    const peer = await wholePeer(part, client, { signal })
    if (args.has('evidence')) {
      await listEntries(client.evidenceOf(peer, { signal }), context, 'nothing was counted of it')
    } else if (args.has('suspects')) {
      await listEntries(client.suspectsOf(peer, { signal }), context, 'no result is suspect')
    } else {
      await showOne(peer, client, context)
    }
    return EXIT.completed
  }
}

export const reputationTopCommand: CliCommand = {
  words: 'reputation top',
  summary: 'show the workers of best reputation',
  flags: { number: { ...flag('text', `how many [${ROWS}]`), alias: 'n' }, ...API_FLAGS },
  examples: [['taskmesh reputation top -n 5', 'the five best']],
  notes:
    'CHECKED is how many results were compared with those of others, and the share of the next that is to be.',
  run: async ({ args, output, terminal: { signal } }) => {
    const limit = args.integer('number', 1) ?? ROWS
    const rows = await connectToRouter(args).reputation({ limit, signal })
    output.rows(rows, REPUTATION_COLUMNS, NOTHING_SEEN)
    return EXIT.completed
  }
}

async function showOne(
  peer: string,
  client: ApiClient,
  { args, output, terminal: { signal } }: CommandContext
): Promise<void> {
  const view = await client.reputationOf(peer, { asOf: args.text('as-of'), signal })
  const render = args.text('by') === undefined ? renderReputation : renderTaskTypes
  output.value(view, (style) => render(view, style))
}

async function listEntries(
  entries: AsyncIterable<EvidenceEntry>,
  { args, output }: CommandContext,
  empty: string
): Promise<void> {
  // Programs take all, people what fits.
  const limit = args.integer('limit', 1) ?? (output.isForPrograms ? Infinity : ROWS)
  const rows: EvidenceEntry[] = []
  for await (const entry of entries) {
    rows.push(entry)
    if (rows.length >= limit) break
  }
  output.rows(rows, EVIDENCE_COLUMNS, empty)
  if (!output.isForPrograms && rows.length === limit) output.note('there may be more: --limit')
}

/** @throws MeshError FIELD_MISSING */
function refuseWithoutPeer({ args }: CommandContext): void {
  const given =
    ['evidence', 'suspects'].find((name) => args.has(name)) ??
    ['by', 'as-of', 'limit'].find((name) => args.text(name) !== undefined)
  if (given === undefined) return
  throw new MeshError('FIELD_MISSING', `--${given} is about one worker`, {
    path: 'peer',
    hint: 'name it, by any part of its peer id: taskmesh reputation show PEER'
  })
}
