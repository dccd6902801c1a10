/** A share that is known only so far: from where to where it may lie, and where it is thought to. Drawn, and said. */
import type { JSX } from 'preact'
import { formatShare } from '../data/formats.ts'
import type { ReputationView } from '../../model/generated/api-reputation.ts'

/** Beside the score: the interval of the share of tasks that the worker sees through. */
export function ReputationRange({ seen }: { seen: ReputationView }): JSX.Element {
  const { expected, reliability, upper } = seen
  const text = `sees through ${formatShare(expected)} of its tasks, between ${formatShare(reliability)} and ${formatShare(upper)}`
  return (
    <span class="range" role="img" aria-label={text} title={text}>
      <i class="between" style={{ left: place(reliability), right: place(1 - upper) }} />
      <i class="point" style={{ left: place(expected) }} />
    </span>
  )
}

function place(ratio: number): string {
  return `${(100 * ratio).toFixed(1)}%`
}
