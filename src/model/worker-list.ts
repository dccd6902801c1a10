/** Lists of workers: which of them are asked for, and the state that each is listed with. */
import type { NodeView } from './generated/api-node.ts'

export const WORK_STATES = [
  'ready',
  'quarantined',
  'cordoned',
  'draining',
  'stopping',
  'connecting',
  'unreachable'
] as const satisfies readonly (NodeView['state'] | 'quarantined')[]

export type WorkState = (typeof WORK_STATES)[number]

export interface NodeFilter {
  /** Conditions, as those of a job's `where`. */
  require?: readonly string[] | undefined
  /** Also of workers that are not connected any more. @default all that are */
  state?: WorkState | undefined
  /** A part of the PeerId or of a label, in capitals or not. */
  text?: string | undefined
}

/** What a worker says of itself, unless it is kept from work for what it did. */
export function workStateOf({
  quarantined_until_ms: untilMs,
  state
}: Pick<NodeView, 'quarantined_until_ms' | 'state'>): WorkState {
  return state === 'ready' && untilMs !== undefined ? 'quarantined' : state
}
