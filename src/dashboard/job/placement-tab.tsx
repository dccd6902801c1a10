/** Why an attempt went where it went: what each worker would have cost, who was refused, and the draw. */
import { Ago, Badge, Card, Facts } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { MeshError } from '../../core/errors.ts'
import { WhichForm, useWhich, whichQuery } from './which-attempt.tsx'
import { WorkerName } from './worker-name.tsx'
import { nameOf } from '../workers/worker-names.ts'
import { formatCount, formatDuration, formatShare } from '../data/formats.ts'
import { get } from '../data/api.ts'
import { hasEnded } from '../parts/states.ts'
import { layPlacement } from './placement.ts'
import { useLoad } from '../data/use-load.ts'
import type { CostRow, DrawRow, Placement } from './placement.ts'
import type { DecisionCandidate, DecisionRecord } from '../../model/generated/decision.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { Which } from './which-attempt.tsx'

/** How the terms are told apart; a new one takes what is left. */
const TERM_LOOKS: readonly string[] = ['latency', 'cpu', 'memory', 'data', 'gpu', 'reputation']

export function PlacementTab({ job }: JobTabProps): JSX.Element {
  const which = useWhich(job)
  return (
    <div class="stack">
      <WhichForm job={job} tab="placement" which={which} />
      {which.attempts.length === 0 ? (
        <Empty icon="queued" title={hasEnded(job) ? 'Nobody was chosen' : 'Nobody was chosen yet'}>
          <p>{job.waiting_for ?? 'No worker was asked.'}</p>
        </Empty>
      ) : (
        <AttemptDecision job={job} which={which} />
      )}
    </div>
  )
}

function AttemptDecision({ job, which }: { job: JobView; which: Which }): JSX.Element {
  const query = whichQuery(job, which)
  const { cause, reload, value } = useLoad(
    `explain ${job.id} ${JSON.stringify(query)} ${job.attempts}`,
    (signal) => get<DecisionRecord>(`/jobs/${job.id}/explain`, { query, signal })
  )
  if (cause !== undefined) return <NoDecision cause={cause} retry={reload} />
  return value === undefined ? <Skeleton /> : <Decision decision={value} />
}

function NoDecision({ cause, retry }: { cause: unknown; retry: () => void }): JSX.Element {
  const { code, message } = MeshError.from(cause)
  if (code !== 'NOT_FOUND') return <Failure cause={cause} retry={retry} />
  return (
    <Empty icon="unknown" title="No decision is known">
      <p>{message}</p>
    </Empty>
  )
}

/** Also what a plan shows, which is a decision without an attempt. */
export function Decision({ decision }: { decision: DecisionRecord }): JSX.Element {
  const placement = layPlacement(decision)
  const { rows, refused } = placement
  return (
    <>
      <Summary decision={decision} />
      {rows.length > 0 && (
        <Card title="What each would cost" aside={<TermLegend terms={placement.terms} />}>
          <p class="soft">
            Expected milliseconds until the result is there, with what risk and crowding are worth;
            the least wins.
          </p>
          <div class="table-box">
            <table class="table costs">
              <thead>
                <tr>
                  <th scope="col">Worker</th>
                  <th scope="col">Cost</th>
                  <th scope="col" class="wide">
                    Its terms
                  </th>
                  <th scope="col" class="end">
                    Odds
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <CostLine key={row.candidate.peer_id} row={row} placement={placement} />
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
      {placement.draw.length > 1 && <Draw draw={placement.draw} at={decision.draw} />}
      {(refused.length > 0 || Object.keys(decision.rejected).length > 0) && (
        <Refused refused={refused} counts={decision.rejected} />
      )}
      {rows.length > 0 && <Figures placement={placement} decision={decision} />}
    </>
  )
}

function Summary({ decision }: { decision: DecisionRecord }): JSX.Element {
  const { chosen, considered, exploration, full, pick, policy, preset } = decision
  const refusedCount = Object.values(decision.rejected).reduce((sum, count) => sum + count, 0)
  return (
    <Card>
      <Facts
        rows={[
          ['Chosen', chosen === null ? 'nobody' : <WorkerName peer={chosen} />],
          ['Picked', pickText(pick, exploration)],
          [
            'Looked at',
            `${formatCount(considered)} workers: ${formatCount(refusedCount)} refused, ${formatCount(full)} without room`
          ],
          ['Policy', `${policy}, preset ${preset}`],
          ['Expected work', `${formatDuration(decision.work_ms)} at 1 GHz`],
          ['Decided', <Ago atMs={decision.at_ms} />]
        ]}
      />
    </Card>
  )
}

function pickText(pick: string, exploration = false): string {
  if (exploration) return 'to learn about a worker of whom little is known'
  if (pick === 'top3') return 'one of the best three, by odds'
  return pick === 'best' ? 'the one that costs least' : 'by chance, each as likely'
}

function lookOf(term: string): string {
  const index = TERM_LOOKS.indexOf(term)
  return `term-${index === -1 ? TERM_LOOKS.length + 1 : index + 1}`
}

function TermLegend({ terms }: { terms: readonly string[] }): JSX.Element {
  return (
    <ul class="legend" aria-hidden="true">
      {terms.map((term) => (
        <li key={term}>
          <i class={lookOf(term)} /> {term}
        </li>
      ))}
    </ul>
  )
}

function CostLine({ placement, row }: { row: CostRow; placement: Placement }): JSX.Element {
  const { candidate, parts, ratio } = row
  const text = parts.map(({ ms, term }) => `${term} ${formatDuration(ms)}`).join(', ')
  const scale = Math.max(placement.scaleMs, 1e-9)
  return (
    <tr class={candidate.verdict === 'chosen' ? 'is-chosen' : ''}>
      <th scope="row">
        <WorkerName peer={candidate.peer_id} /> <Verdict candidate={candidate} />
      </th>
      <td class="nowrap">{formatDuration(candidate.cost_ms)}</td>
      <td class="wide">
        <span class="cost-bar" role="img" aria-label={text} title={text}>
          {parts
            .filter(({ ms }) => ms > 0)
            .map(({ ms, term }) => (
              <i
                key={term}
                class={lookOf(term)}
                style={{ width: `${Math.min(1, ms / scale) * 100}%` }}
              />
            ))}
          {ratio > 1.001 && <span class="beyond">…</span>}
        </span>
      </td>
      <td class="end">
        {candidate.probability === undefined ? '–' : formatShare(candidate.probability)}
      </td>
    </tr>
  )
}

function Verdict({ candidate }: { candidate: DecisionCandidate }): JSX.Element | null {
  const { tier = 0, verdict } = candidate
  if (verdict === 'chosen') {
    return (
      <Badge tone="good" icon="completed">
        chosen
      </Badge>
    )
  }
  if (verdict === 'full') {
    return (
      <Badge tone="wait" icon="queued">
        no room
      </Badge>
    )
  }
  return tier > 0 ? (
    <span class="tag" title={candidate.reason}>
      tier {tier}
    </span>
  ) : null
}

function Draw({ at, draw }: { draw: readonly DrawRow[]; at: number | null }): JSX.Element {
  const text = draw
    .map(({ fromRatio, peer, toRatio }) => `${nameOf(peer)} ${formatShare(toRatio - fromRatio)}`)
    .join(', ')
  return (
    <Card title="The draw">
      <div class="draw" role="img" aria-label={`${text}; drawn: ${at ?? 'nothing'}`}>
        {draw.map(({ fromRatio, isChosen, peer, toRatio }) => (
          <span
            key={peer}
            class={isChosen ? 'is-chosen' : ''}
            style={{ width: `${(toRatio - fromRatio) * 100}%` }}
            title={nameOf(peer)}
          >
            {nameOf(peer)}
          </span>
        ))}
        {at !== null && <i style={{ insetInlineStart: `${at * 100}%` }} />}
      </div>
      {at !== null && <p class="soft">The random number was {at.toFixed(4)}.</p>}
    </Card>
  )
}

interface RefusedProps {
  refused: readonly DecisionCandidate[]
  counts: Readonly<Record<string, number>>
}

function Refused({ counts, refused }: RefusedProps): JSX.Element {
  return (
    <Card title="Refused">
      <div class="row">
        {Object.entries(counts).map(([code, count]) => (
          <span key={code} class="tag">
            {code} × {formatCount(count)}
          </span>
        ))}
      </div>
      <div class="table-box">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">Why</th>
              <th scope="col">Rules</th>
            </tr>
          </thead>
          <tbody>
            {refused.map(({ peer_id, reason, reason_code, refused_by }) => (
              <tr key={peer_id}>
                <th scope="row">
                  <WorkerName peer={peer_id} />
                </th>
                <td>{reason}</td>
                <td>
                  <code>{(refused_by ?? [reason_code]).join(', ')}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

/** The same as numbers. */
function Figures({
  decision,
  placement
}: {
  decision: DecisionRecord
  placement: Placement
}): JSX.Element {
  return (
    <details class="card">
      <summary>All figures</summary>
      <div class="table-box">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">Term</th>
              <th scope="col" class="end">
                Fact
              </th>
              <th scope="col" class="end">
                Expected
              </th>
              <th scope="col" class="end">
                Factor
              </th>
              <th scope="col" class="end">
                Score × weight
              </th>
              <th scope="col" class="end">
                Age of the fact
              </th>
            </tr>
          </thead>
          <tbody>
            {placement.rows.flatMap(({ candidate: { peer_id, terms } }) =>
              Object.entries(terms).map(([term, { age_ms, ms, raw, score, weight }]) => (
                <tr key={`${peer_id}${term}`}>
                  <th scope="row">{nameOf(peer_id)}</th>
                  <td>{term}</td>
                  <td class="end">{Number(raw.toPrecision(4))}</td>
                  <td class="end">{formatDuration(ms)}</td>
                  <td class="end">{decision.factors[term] ?? 1}</td>
                  <td class="end">
                    {score.toFixed(2)} × {weight.toFixed(2)}
                  </td>
                  <td class="end">{formatDuration(age_ms)}</td>
                </tr>
              ))
            )}
          </tbody>
        </table>
      </div>
    </details>
  )
}
