/** How one thing of a worker is shown, in the table as on its page. */
import { Bar, Badge, StateBadge } from '../parts/basics.tsx'
import { ReputationRange } from './range.tsx'
import { formatDuration, formatShare } from '../data/formats.ts'
import { nameOf } from './worker-names.ts'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { ReputationView } from '../../model/generated/api-reputation.ts'

/** Engines that no worker is without. */
const EVERYWHERE = ['builtin', 'storage']

export function WorkerState({
  isQuarantined,
  node
}: {
  node: NodeView
  isQuarantined: boolean
}): JSX.Element {
  return (
    <span class="row tight">
      <StateBadge state={node.state} />
      {isQuarantined && (
        <Badge tone="bad" icon="warning">
          quarantined
        </Badge>
      )}
    </span>
  )
}

export function Slots({ node }: { node: NodeView }): JSX.Element {
  const { queued, running, slots } = node
  const ratio = slots === 0 ? 0 : running / slots
  const waiting = queued > 0 ? `, ${queued} waiting` : ''
  return (
    <span class="meter">
      <Bar parts={[{ tone: 'run', ratio }]} text={`${running} of ${slots} slots busy${waiting}`} />
      <span class="nowrap" aria-hidden="true">
        {running}/{slots}
        {queued > 0 && <span class="soft"> +{queued}</span>}
      </span>
    </span>
  )
}

/** Of the machine's processors, whoever uses them. */
export function Load({ node }: { node: NodeView }): JSX.Element {
  const usage = node.capabilities?.cpu_usage
  if (usage === undefined) return <span class="faint">–</span>
  const ratio = usage / 100
  const tone = ratio > 0.9 ? 'warn' : 'quiet'
  return (
    <span class="meter">
      <Bar parts={[{ tone, ratio }]} text={`processors ${formatShare(ratio)} busy`} />
      <span aria-hidden="true">{formatShare(ratio)}</span>
    </span>
  )
}

/** What tells workers apart comes first. */
export function Engines({ engines }: { engines: readonly string[] | undefined }): JSX.Element {
  if (engines === undefined || engines.length === 0) return <span class="faint">–</span>
  const rest = engines.filter((engine) => !EVERYWHERE.includes(engine))
  const text = [...rest, ...engines.filter((engine) => EVERYWHERE.includes(engine))].join(', ')
  return (
    <span class="cut" title={text}>
      {text}
    </span>
  )
}

export function Labels({ labels }: { labels: Readonly<Record<string, string>> }): JSX.Element {
  const entries = Object.entries(labels)
  return (
    <>
      {entries.map(([key, value]) => (
        <span key={key} class="tag" title={`${key}=${value}`}>
          {key}={value}
        </span>
      ))}
    </>
  )
}

/** How it is reached, and how long a round trip takes. */
export function Path({ node }: { node: NodeView }): JSX.Element {
  const { latency_ms, path, relay } = node
  if (path === undefined) return <span class="faint">–</span>
  const by = relay === undefined ? '' : ` by ${nameOf(relay)}`
  return (
    <span title={`${path}${by}`}>
      <span class={path === 'relayed' ? 'path relayed' : 'path'}>{path}</span>
      {latency_ms !== null && <span class="soft"> {formatLatency(latency_ms)}</span>}
    </span>
  )
}

export function Reputation({
  node,
  seen
}: {
  node: NodeView
  seen: ReputationView | undefined
}): JSX.Element {
  return (
    <span class="meter">
      {seen === undefined ? (
        <Bar parts={[{ tone: 'quiet', ratio: node.reputation }]} text="reputation" />
      ) : (
        <ReputationRange seen={seen} />
      )}
      <b>{node.reputation.toFixed(2)}</b>
    </span>
  )
}

export function formatLatency(ms: number): string {
  return formatDuration(ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms))
}
