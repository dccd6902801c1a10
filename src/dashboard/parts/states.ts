/** What each state is shown as: its word, its sign, its tone. */
import type { AttemptView, JobView } from '../../model/generated/api-job.ts'
import type { IconName } from './icons.tsx'
import type { NodeView } from '../../model/generated/api-node.ts'

export type Tone = 'quiet' | 'wait' | 'run' | 'good' | 'warn' | 'bad' | 'end'

export interface StateLook {
  word: string
  icon: IconName
  tone: Tone
}

/** Of jobs, items, attempts and workers; a word means the same for each. */
export type KnownState = JobView['state'] | AttemptView['state'] | NodeView['state']

const LOOKS: Readonly<Record<KnownState, Omit<StateLook, 'word'>>> = {
  pending: { icon: 'pending', tone: 'quiet' },
  queued: { icon: 'queued', tone: 'wait' },
  running: { icon: 'play', tone: 'run' },
  completed: { icon: 'completed', tone: 'good' },
  failed: { icon: 'failed', tone: 'bad' },
  stopped: { icon: 'stopped', tone: 'end' },
  held: { icon: 'held', tone: 'warn' },
  offered: { icon: 'queued', tone: 'wait' },
  refused: { icon: 'stopped', tone: 'warn' },
  accepted: { icon: 'queued', tone: 'wait' },
  fetching: { icon: 'download', tone: 'run' },
  publishing: { icon: 'up', tone: 'run' },
  timed_out: { icon: 'failed', tone: 'bad' },
  unknown: { icon: 'unknown', tone: 'warn' },
  lost: { icon: 'failed', tone: 'bad' },
  ready: { icon: 'completed', tone: 'good' },
  cordoned: { icon: 'lock', tone: 'warn' },
  draining: { icon: 'down', tone: 'warn' },
  connecting: { icon: 'moving', tone: 'wait' },
  unreachable: { icon: 'failed', tone: 'bad' },
  stopping: { icon: 'stopped', tone: 'end' }
}

/** A state that this version doesn't know is shown by its name. */
export function lookOf(state: string): StateLook {
  const known = Object.hasOwn(LOOKS, state) ? LOOKS[state as KnownState] : undefined
  const word = state.replaceAll('_', ' ')
  return { word, ...(known ?? { icon: 'unknown', tone: 'quiet' }) }
}

const ENDED: readonly string[] = ['completed', 'failed', 'stopped']

export function hasEnded({ state }: { state: string }): boolean {
  return ENDED.includes(state)
}
