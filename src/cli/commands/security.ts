/** `taskmesh security`: what the router is in its mesh, and what peers have done wrong. */
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import { formatCount, plural, renderFacts, renderTable, shortPeer } from '../render.ts'
import { minuteOf, timeOf } from '../columns.ts'
import type { CliCommand } from '../command.ts'
import type { Column, Style } from '../render.ts'
import type {
  OffenceCounts,
  RefusedConnections,
  SecurityView,
  ShunnedPeer
} from '../../model/generated/api-security.ts'

const SHUNNED_COLUMNS: readonly Column<ShunnedPeer>[] = [
  { title: 'shunned', text: ({ peer_id }) => shortPeer(peer_id) },
  { title: 'for', text: ({ offence }) => offence },
  { title: 'until', text: ({ until_ms: atMs }) => timeOf(atMs).slice(0, -'.000'.length) },
  { title: 'peer id', text: ({ peer_id }) => peer_id }
]
/** Whoever wants all of them asks for JSON. */
const SHUNNED_SHOWN = 20

export const securityCommand: CliCommand = {
  words: 'security',
  summary: 'show what peers have done wrong, whom the router shuns, and its own membership',
  flags: API_FLAGS,
  examples: [['taskmesh security --json', 'every count, and all who are shunned now']],
  notes: [
    'The counts are of the router, since it started. Every other node has its own, and logs them once a minute where',
    'they have grown. docs/security.md says what is counted, and what follows.'
  ].join(' '),
  run: async ({ args, output, terminal }) => {
    const view = await connectToRouter(args).security({ signal: terminal.signal })
    output.value(view, (style) => renderSecurity(view, style))
    return EXIT.completed
  }
}

function renderSecurity(view: SecurityView, style: Style): string {
  const { certificate_until_ms: untilMs, mesh_id: meshId, refused, shunned } = view
  const facts: [string, string][] = [
    ['mesh', meshId ?? 'open: it takes anyone who reaches it'],
    ['role', view.role],
    ['certificate', untilMs === null ? '–' : `until ${minuteOf(untilMs)}`],
    ['notices', `${plural(view.notices, 'notice')} known (bans and pardons)`],
    ['strangers', `${formatCount(view.strangers)} connected`],
    ['offences', countsOf(view.offences)],
    ['refused connections', countsOf(refused)],
    ['dropped records', formatCount(view.dropped_records)],
    ['shunned', `${formatCount(shunned.length)} now, ${plural(view.shuns, 'time')} in all`]
  ]
  const table = renderFacts(facts, style)
  if (shunned.length === 0) return table
  const rest = shunned.length - SHUNNED_SHOWN
  const more = rest > 0 ? `\nand ${formatCount(rest)} more` : ''
  return `${table}\n\n${renderTable(shunned.slice(0, SHUNNED_SHOWN), SHUNNED_COLUMNS, style)}${more}`
}

/** Most first, and nothing of what never was. */
function countsOf(counts: OffenceCounts | RefusedConnections): string {
  const some = Object.entries<number>({ ...counts })
    .filter(([, count]) => count > 0)
    .toSorted(([, left], [, right]) => right - left)
  return some.map(([name, count]) => `${name} ${formatCount(count)}`).join(', ') || 'none'
}
