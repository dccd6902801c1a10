/** How a worker's reputation went, hour by hour: a line without axes, for a glance, and a sentence for those who hear it. */
import type { JSX } from 'preact'
import { formatShare } from '../data/formats.ts'
import type { ReputationDetails } from '../../model/generated/api-reputation.ts'

const WIDTH = 240
const HEIGHT = 48
/** Above and below the line, for its stroke and the marks. */
const AIR = 4
const HOUR_MS = 3_600_000

export function Trend({ trend }: { trend: ReputationDetails['trend'] }): JSX.Element | null {
  const first = trend[0]
  const last = trend.at(-1)
  if (first === undefined || last === undefined) return null
  const spanMs = Math.max(HOUR_MS, last.hour_ms - first.hour_ms)
  const points = trend.map(({ faults, hour_ms, reputation }) => ({
    x: (AIR + ((hour_ms - first.hour_ms) / spanMs) * (WIDTH - 2 * AIR)).toFixed(1),
    y: (AIR + (1 - reputation) * (HEIGHT - 2 * AIR)).toFixed(1),
    faults
  }))
  const faults = trend.reduce((sum, point) => sum + point.faults, 0)
  const hours = Math.round((last.hour_ms - first.hour_ms) / HOUR_MS) + 1
  const text = `reputation over ${hours} hours: from ${formatShare(first.reputation)} to ${formatShare(last.reputation)}, faults: ${faults}`
  return (
    <svg class="trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text}>
      <title>{text}</title>
      <polyline points={points.map(({ x, y }) => `${x},${y}`).join(' ')} />
      {points.map(
        ({ faults: bad, x, y }) => bad > 0 && <circle key={x} class="fault" cx={x} cy={y} r="3" />
      )}
      <circle class="now" cx={points.at(-1)?.x} cy={points.at(-1)?.y} r="3" />
    </svg>
  )
}
