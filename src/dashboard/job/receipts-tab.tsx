/** What router and workers have signed, checked in this browser: a router that lies could not make these true. */
import { useEffect, useState } from 'preact/hooks'
import { Badge, Card, CopyId, Facts } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { SaveButton } from '../parts/save.tsx'
import { WorkerName } from './worker-name.tsx'
import { checkReceipt } from './receipt-check.ts'
import { formatDuration, formatMoment, shortPeer } from '../data/formats.ts'
import { usePages } from '../data/use-pages.ts'
import type { CheckedReceipt } from './receipt-check.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'
import type { ReceiptView } from '../../model/generated/api-receipt.ts'

/** Drawn at once. */
const SHOWN_STEP = 20

export function ReceiptsTab({ job, version }: JobTabProps): JSX.Element {
  const { cause, isLoading, reload, rows, hasMore, more } = usePages<ReceiptView>(
    `/jobs/${job.id}/receipts`
  )
  const [shownMax, setShownMax] = useState(SHOWN_STEP)
  useEffect(() => {
    if (version > 0) reload()
  }, [version, reload])
  if (isLoading) return <Skeleton />
  if (cause !== undefined) return <Failure cause={cause} retry={reload} />
  if (rows.length === 0) {
    return (
      <Empty icon="lock" title="No receipts yet">
        <p>Each attempt that ends at a worker has one.</p>
      </Empty>
    )
  }
  return (
    <div class="stack">
      <div class="row">
        <span class="soft">
          Signatures are checked here, in the browser. So does{' '}
          <code>taskmesh receipt verify {job.id}</code>.
        </span>
        <SaveButton name={`${job.id}-receipts.json`} value={() => rows} text="Download all" />
      </div>
      {rows.slice(0, shownMax).map((view) => (
        <ReceiptCard key={`${view.item}.${view.attempt}`} view={view} />
      ))}
      {(rows.length > shownMax || hasMore) && (
        <button
          type="button"
          class="button"
          onClick={() => {
            setShownMax(shownMax + SHOWN_STEP)
            if (rows.length <= shownMax + SHOWN_STEP) more()
          }}
        >
          Show more
        </button>
      )}
    </div>
  )
}

type Verdict = { checked: CheckedReceipt } | { wrong: string } | undefined

function ReceiptCard({ view }: { view: ReceiptView }): JSX.Element {
  const [verdict, setVerdict] = useState<Verdict>()
  useEffect(() => {
    checkReceipt(view).then(
      (checked) => setVerdict({ checked }),
      (cause: unknown) =>
        setVerdict({ wrong: cause instanceof Error ? cause.message : String(cause) })
    )
  }, [view.order, view.receipt])
  return (
    <Card
      title={`Item ${view.item}, attempt ${view.attempt}`}
      aside={
        <div class="row">
          <VerdictBadge verdict={verdict} />
          <SaveButton
            name={`${view.job_id}-${view.item}-${view.attempt}.json`}
            value={() => view}
          />
        </div>
      }
    >
      {verdict !== undefined && 'checked' in verdict ? (
        <ReceiptFacts checked={verdict.checked} />
      ) : (
        <Facts rows={[['Worker', <WorkerName peer={view.worker} />]]} />
      )}
    </Card>
  )
}

function VerdictBadge({ verdict }: { verdict: Verdict }): JSX.Element {
  if (verdict === undefined) {
    return (
      <Badge tone="wait" icon="moving">
        checking
      </Badge>
    )
  }
  if ('wrong' in verdict) {
    return (
      <Badge tone="bad" icon="warning">
        {verdict.wrong}
      </Badge>
    )
  }
  return (
    <Badge tone="good" icon="completed">
      both signatures hold
    </Badge>
  )
}

function ReceiptFacts({ checked: { order, receipt } }: { checked: CheckedReceipt }): JSX.Element {
  const { engine, outcome, result_hash, usage, worker_clock } = receipt
  return (
    <Facts
      rows={[
        ['Outcome', outcome],
        ['Worker', <WorkerName peer={receipt.worker} />],
        ['Ordered by', <span title={order.router}>{shortPeer(order.router)}</span>],
        ['Ordered at', formatMoment(order.issued_at_ms)],
        ['Engine', `${engine.name} ${engine.program ?? ''} (${engine.version})`],
        ['Program', engine.digest && <Hash hash={engine.digest} what="digest" />],
        ['Ran', usage && formatDuration(usage.wall_ms)],
        ["By the worker's clock", formatMoment(worker_clock.started_at_ms)],
        ['Task', <Hash hash={receipt.job_hash} what="hash of the task" />],
        ['Result', result_hash && <Hash hash={result_hash} what="hash of the result" />]
      ]}
    />
  )
}

function Hash({ hash, what }: { hash: string; what: string }): JSX.Element {
  return <CopyId id={hash} short={`${hash.slice(0, 20)}…`} what={what} />
}
