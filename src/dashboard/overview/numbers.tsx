/** The big numbers: who is there, what is free, what waits, what runs, what failed. */
import { Bar, Stat } from '../parts/basics.tsx'
import { formatBytes, formatCount, formatShare, plural } from '../data/formats.ts'
import type { JSX } from 'preact'
import type { OverviewView } from '../../model/generated/api-overview.ts'
import type { SeriesSample } from '../../model/generated/api-series.ts'
import type { Span } from './spans.ts'

interface NumbersProps {
  overview: OverviewView
  samples: readonly SeriesSample[]
  span: Span
}

export function Numbers({ overview, samples, span }: NumbersProps): JSX.Element {
  const { files, items, slots } = overview
  const workers = Object.values(overview.workers).reduce((sum, count) => sum + count, 0)
  return (
    <dl class="stats big">
      <Stat
        name="Workers"
        value={short(overview.workers['ready'] ?? 0)}
        note={workerNote(overview.workers, workers)}
      />
      {slots.busy === undefined ? (
        <Stat name="Slots" value={short(slots.total)} />
      ) : (
        <Stat
          name="Slots busy"
          value={short(slots.busy)}
          note={
            <>
              of {formatCount(slots.total)}
              <SlotBar busy={slots.busy} total={slots.total} />
            </>
          }
        />
      )}
      {items !== undefined && (
        <>
          <Stat name="Waiting" value={short(items.queued)} note={plural(items.queued, 'task')} />
          <Stat
            name="Running"
            value={short(items.running)}
            note={plural(overview.jobs?.['running'] ?? 0, 'job')}
          />
          <Ended samples={samples} span={span} />
        </>
      )}
      {overview.role === 'router' && (
        <Stat
          name="Files"
          value={short(files.known)}
          note={`${formatBytes(files.bytes_stored)} stored here`}
        />
      )}
    </dl>
  )
}

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })

/** Millions have no room to be counted one by one. */
function short(count: number): string {
  return count < 1e6 ? formatCount(count) : COMPACT.format(count)
}

function workerNote(counts: Readonly<Record<string, number>>, all: number): string {
  const others = Object.entries(counts)
    .filter(([state, count]) => state !== 'ready' && count > 0)
    .map(([state, count]) => `${formatCount(count)} ${state}`)
  if (all === 0) return 'none known'
  return others.length === 0 ? 'all ready' : `ready; ${others.join(', ')}`
}

function SlotBar({ busy, total }: { busy: number; total: number }): JSX.Element {
  const ratio = total === 0 ? 0 : busy / total
  return <Bar parts={[{ tone: 'run', ratio }]} text={`${formatShare(ratio)} of all slots busy`} />
}

/** Of the stretch of time that the plots show. */
function Ended({ samples, span }: Pick<NumbersProps, 'samples' | 'span'>): JSX.Element {
  const sum = (pick: (sample: SeriesSample) => number | undefined): number =>
    samples.reduce((total, sample) => total + (pick(sample) ?? 0), 0)
  const failed = sum(({ items_failed }) => items_failed)
  const lost = sum(({ attempts_failed }) => attempts_failed)
  return (
    <>
      <Stat
        name="Completed"
        value={short(sum(({ items_completed }) => items_completed))}
        note={`in ${span.title}`}
      />
      <Stat
        name="Failed"
        value={<span data-tone={failed > 0 ? 'bad' : 'quiet'}>{short(failed)}</span>}
        note={plural(lost, 'failed attempt')}
      />
    </>
  )
}
