/** What a router or monitor knows of its own membership, and of what peers have done wrong. */
import type { NodeCore } from './node-core.ts'
import type { SecurityView } from '../model/generated/api-security.ts'

export function securityView(
  { clock, membership, node }: NodeCore,
  role: SecurityView['role']
): SecurityView {
  const standing = membership.standing()
  const { conduct, refused, stored } = node.counts()
  const nowMs = clock.wallMs()
  return {
    mesh_id: standing?.meshId ?? null,
    role,
    certificate_until_ms: standing?.certificateUntilMs ?? null,
    notices: standing?.noticeCount ?? 0,
    strangers: node.strangerCount(),
    offences: conduct.offences,
    refused,
    dropped_records: stored.dropped,
    shuns: conduct.shuns,
    shunned: node.shunned().map(({ leftMs, offence, peer }) => ({
      peer_id: peer,
      offence,
      until_ms: Math.round(nowMs + leftMs)
    }))
  }
}
