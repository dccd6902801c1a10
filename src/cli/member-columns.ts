/** Members of a mesh as a table, for operators. */
import { ageOf, minuteOf } from './columns.ts'
import { formatLabels, shortPeer, shorten } from './render.ts'
import type { Column } from './render.ts'
import type { KnownMember } from './operator-visit.ts'

const REASON_LETTERS = 60

export const MEMBER_COLUMNS: readonly Column<KnownMember>[] = [
  { title: 'member', text: ({ peer_id: peer }) => shortPeer(peer) },
  { title: 'role', text: ({ role = '–' }) => role },
  { title: 'state', text: ({ state }) => state },
  { title: 'name', text: ({ name = '–' }) => shorten(name, 30) },
  { title: 'since', text: ({ first_at_ms: atMs }) => ageOf(atMs), align: 'right' },
  { title: 'certificate until', text: untilOf },
  { title: 'labels', text: ({ labels }) => formatLabels(labels) },
  { title: 'token', text: ({ token = '–' }) => token },
  { title: 'reason', text: ({ reason = '' }) => shorten(reason, REASON_LETTERS) },
  { title: 'peer id', text: ({ peer_id: peer }) => peer, isWide: true },
  { title: 'agent', text: ({ agent = '–' }) => agent, isWide: true },
  { title: 'known to', text: ({ issuer }) => issuer, isWide: true }
]

function untilOf({ expires_at_ms: atMs, state }: KnownMember): string {
  return atMs === undefined || state !== 'admitted' ? '–' : minuteOf(atMs)
}
