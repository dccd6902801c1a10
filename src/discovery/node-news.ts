/** What others are told of workers: that one is there, takes work or does not, is lost, or is forgotten. Its load is no news. */
import { availabilityOf } from './worker-entry.ts'
import type { WorkerEntry } from './worker-entry.ts'

export interface NodeChange {
  type: 'node:joined' | 'node:changed' | 'node:left'
  peer: string
  availability: NonNullable<WorkerEntry['toldAs']>
}

/** What there is to tell of a worker since the last time. Of one that was never here there is nothing. */
export function takeNews(entry: WorkerEntry): NodeChange | undefined {
  const { peer, state, toldAs } = entry
  if (toldAs === undefined && state !== 'ready') return undefined
  const availability = state === 'ready' ? availabilityOf(entry.work.report) : 'unreachable'
  if (availability === toldAs) return undefined
  entry.toldAs = availability
  return { type: toldAs === undefined ? 'node:joined' : 'node:changed', peer, availability }
}

/** What there is to tell of a worker that is forgotten. */
export function lastNews({ peer, toldAs }: WorkerEntry): NodeChange | undefined {
  if (toldAs === undefined) return undefined
  return { type: 'node:left', peer, availability: 'unreachable' }
}
