/** What this router has seen of a worker: the score with its interval, what it is counted from, how it went. */
import { Ago, Badge, Card, Facts } from '../parts/basics.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { ReputationRange } from './range.tsx'
import { Trend } from './trend.tsx'
import { formatCount, formatDuration, formatMoment, formatShare } from '../data/formats.ts'
import { get } from '../data/api.ts'
import { nowMs } from '../data/now.ts'
import { useLoad } from '../data/use-load.ts'
import { useEffect } from 'preact/hooks'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { OutcomeCounts, ReputationView } from '../../model/generated/api-reputation.ts'
import type { Tone } from '../parts/states.ts'

/** Each outcome, in words. */
const OUTCOMES: readonly (readonly [keyof OutcomeCounts, string, Tone])[] = [
  ['completed', 'completed in time', 'good'],
  ['late', 'completed late', 'warn'],
  ['right', 'verified right', 'good'],
  ['wrong', 'verified wrong', 'bad'],
  ['lost', 'lost with the worker or the way to it', 'bad'],
  ['crashed', 'sandbox broke', 'bad'],
  ['invalid', 'answer not readable', 'bad'],
  ['failed', 'failed otherwise by its fault', 'bad'],
  ['outdone', 'failed where another worker completed', 'bad'],
  ['lied', 'gave false bytes of a file', 'bad'],
  ['cleared', 'faults taken back', 'quiet']
]

export function ReputationTab({ node }: { node: NodeView }): JSX.Element {
  const { cause, reload, value } = useLoad(`reputation ${node.peer_id}`, (signal) =>
    get<ReputationView>(`/reputation/${node.peer_id}`, { signal })
  )
  // The live stream says that there is more evidence, but not which.
  useEffect(reload, [node.evidence])
  if (value === undefined) {
    return cause === undefined ? <Skeleton /> : <Failure cause={cause} retry={reload} />
  }
  return (
    <div class="cards wide">
      <Score seen={value} />
      <Counts counts={value.counts} />
      <TaskTypes seen={value} />
      <Changes seen={value} />
    </div>
  )
}

const TRUST: Readonly<Record<ReputationView['state'], { tone: Tone; text: string }>> = {
  probation: { tone: 'wait', text: 'Fewer than ten results verified right in a row.' },
  trusted: { tone: 'good', text: 'Its results were verified right again and again.' },
  quarantined: { tone: 'bad', text: 'It gave a wrong result, and gets no work for now.' }
}

function Score({ seen }: { seen: ReputationView }): JSX.Element {
  const { tone, text } = TRUST[seen.state]
  const until = seen.quarantined_until_ms
  return (
    <Card
      title="Reputation"
      aside={
        <Badge tone={tone} icon={seen.state === 'quarantined' ? 'warning' : 'info'}>
          {seen.state}
        </Badge>
      }
    >
      <p class="score">
        <b>{seen.reputation.toFixed(2)}</b>
        <ReputationRange seen={seen} />
      </p>
      <p class="soft">
        {text}
        {until !== null && until > nowMs.value && ` Until ${formatMoment(until)}.`}
      </p>
      {seen.details !== undefined && seen.details.trend.length > 1 && (
        <Trend trend={seen.details.trend} />
      )}
      <Facts
        rows={[
          [
            'Tasks seen through',
            `${formatShare(seen.expected)}, between ${formatShare(seen.reliability)} and ${formatShare(seen.upper)}`
          ],
          ['Correctness', formatShare(seen.correctness)],
          ['Results checked', formatShare(seen.check_probability)],
          ['Outcomes counted', formatCount(seen.evidence)],
          [
            'Takes a task',
            seen.average_latency_ms === null
              ? undefined
              : `${formatDuration(Math.round(seen.average_latency_ms))} on average`
          ],
          [
            'Speed',
            seen.speed === null ? undefined : `${seen.speed.toFixed(2)} of what was expected`
          ],
          ['Quarantined', seen.strikes === 0 ? undefined : `${seen.strikes} times so far`],
          [
            'From other routers',
            seen.imported.good + seen.imported.bad === 0
              ? undefined
              : `${seen.imported.good.toFixed(1)} done well, ${seen.imported.bad.toFixed(1)} badly`
          ],
          ['Last change', seen.last_change],
          ['Last seen', <Ago key="seen" atMs={seen.last_seen_ms} />]
        ]}
      />
    </Card>
  )
}

function Counts({ counts }: { counts: OutcomeCounts }): JSX.Element {
  const most = Math.max(1, ...Object.values(counts))
  return (
    <Card title="Outcomes, of all time">
      <dl class="outcomes">
        {OUTCOMES.map(([key, text, tone]) => (
          <div key={key} data-tone={tone} class={counts[key] === 0 ? 'faint' : ''}>
            <dt>{text}</dt>
            <dd>
              <span aria-hidden="true">
                <i style={{ width: `${(100 * counts[key]) / most}%` }} />
              </span>
              {formatCount(counts[key])}
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

function TaskTypes({ seen }: { seen: ReputationView }): JSX.Element | null {
  const types = seen.details?.task_types ?? []
  if (types.length === 0) return null
  return (
    <Card title="By kind of task">
      <div class="table-box" tabIndex={0} role="region" aria-label="By kind of task">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col" class="end">
                Reputation
              </th>
              <th scope="col" class="end">
                Done
              </th>
              <th scope="col" class="end">
                Faults
              </th>
              <th scope="col" class="end">
                Takes
              </th>
            </tr>
          </thead>
          <tbody>
            {types.map((type) => (
              <tr key={type.task_type}>
                <th scope="row">{type.task_type}</th>
                <td class="end">{type.reputation.toFixed(2)}</td>
                <td class="end">{formatCount(type.successes)}</td>
                <td class="end">{formatCount(type.failures)}</td>
                <td class="end">
                  {type.average_latency_ms === null
                    ? '–'
                    : formatDuration(Math.round(type.average_latency_ms))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

function Changes({ seen }: { seen: ReputationView }): JSX.Element | null {
  const changes = seen.details?.changes ?? []
  if (changes.length === 0) return null
  return (
    <Card title="What moved it">
      <ol class="changes">
        {changes.map(({ at_ms, count, from, text, to }) => (
          <li key={`${at_ms} ${text}`}>
            <span>
              {text}
              {count > 1 && <span class="soft"> × {formatCount(count)}</span>}
            </span>
            <span class="nowrap" data-tone={to >= from ? 'good' : 'bad'}>
              {from.toFixed(2)} → {to.toFixed(2)}
            </span>
            <span class="faint nowrap">
              <Ago atMs={at_ms} />
            </span>
          </li>
        ))}
      </ol>
    </Card>
  )
}
