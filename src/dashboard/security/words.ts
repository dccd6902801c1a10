/** What peers do wrong, and why connections are refused, in words. */
import type { OffenceCounts, RefusedConnections } from '../../model/generated/api-security.ts'

export const OFFENCES: Readonly<Record<keyof OffenceCounts, string>> = {
  frame: 'sent bytes that no version of the protocol sends',
  oversized: 'sent far more in one piece than either end may',
  impersonation: 'said that it was somebody else',
  record: 'handed in a record, order or receipt that was not validly signed',
  gossip: 'passed on a message that no honest node passes on',
  introduction: 'showed a certificate that nobody of the mesh has signed',
  text: 'sent a text that is no JSON',
  stall: 'did not read what it had asked for, or did not end what it began',
  flood: 'made far more traffic or connections than a peer needs',
  excess: 'asked more at once than one peer may; busy programs do that too'
}

export const REFUSALS: Readonly<Record<keyof RefusedConnections | 'dropped', string>> = {
  shunned: 'connections with peers that are shut out',
  excess: 'connections of peers that had enough',
  pending: 'connections of too many that one address was setting up',
  strangers: 'strangers who had to make room for others',
  dropped: 'records and addresses that were not taken in, or had to make room'
}
