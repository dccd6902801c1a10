/** The items of a job, with what each returned. */
import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Bar, Facts, StateBadge } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialogs.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { JOB_STATES } from '../jobs/job-filter.ts'
import { JsonTree } from '../parts/json-tree.tsx'
import { SaveButton } from '../parts/save.tsx'
import { SizedTable } from '../parts/sized-table.tsx'
import { TaskError } from './task-error.tsx'
import { Took } from '../jobs/job-cells.tsx'
import { WaysOn } from './ways-on.tsx'
import { WorkerName } from './worker-name.tsx'
import { formatBytes, formatCount, formatShare } from '../data/formats.ts'
import { resultText } from './result-text.ts'
import { usePages } from '../data/use-pages.ts'
import type { Column } from '../parts/table-columns.ts'
import type { ItemView } from '../../model/generated/api-job.ts'
import type { ComponentChildren, JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'

const COLUMNS: readonly Column<ItemView>[] = [
  { key: 'id', title: 'Item', widthPx: 72, cell: ({ id }) => <span class="mono">{id}</span> },
  { key: 'state', title: 'State', widthPx: 106, cell: ({ state }) => <StateBadge state={state} /> },
  {
    key: 'worker',
    title: 'Worker',
    widthPx: 104,
    grow: 1,
    rank: 3,
    cell: ({ worker }) => <WorkerName peer={worker} />
  },
  {
    key: 'attempts',
    title: 'Attempts',
    widthPx: 68,
    rank: 5,
    isEnd: true,
    cell: ({ attempts }) => attempts
  },
  {
    key: 'took',
    title: 'Took',
    widthPx: 72,
    rank: 4,
    isEnd: true,
    cell: (item) => <Took of={timesOf(item)} />
  },
  { key: 'result', title: 'Result', widthPx: 110, grow: 3, rank: 2, cell: shortResult }
]

export function ItemsTab({ job, version }: JobTabProps): JSX.Element {
  const [state, setState] = useState('')
  const [chosen, setChosen] = useState<string>()
  const [openedId, setOpenedId] = useState<string>()
  const paged = usePages<ItemView>(`/jobs/${job.id}/items`, state === '' ? {} : { state })
  const { cause, hasMore, isLoading, more, reload, rows } = paged
  useEffect(() => {
    if (version > 0) reload()
  }, [version, reload])
  const opened = rows.find(({ id }) => id === openedId)
  return (
    <div class="stack">
      <label class="row">
        <span class="soft">State</span>
        <select
          class="input"
          value={state}
          onChange={(event) => setState(event.currentTarget.value)}
        >
          <option value="">all</option>
          {JOB_STATES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {cause !== undefined && <Failure cause={cause} retry={reload} />}
      {isLoading ? (
        <Skeleton />
      ) : (
        <SizedTable
          label="Items"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ id }) => id}
          chosen={chosen}
          onChoose={setChosen}
          onOpen={({ id }) => setOpenedId(id)}
          onEnd={more}
          empty={<Empty icon="search" title="No item is like that" />}
          foot={`${formatCount(rows.length)} shown${hasMore ? ', scroll for more' : ''}`}
        />
      )}
      {opened !== undefined && (
        <ItemDialog item={opened} jobId={job.id} onClose={() => setOpenedId(undefined)} />
      )}
    </div>
  )
}

function timesOf({ ended_at_ms = null, started_at_ms = null }: ItemView): {
  started_at_ms: number | null
  ended_at_ms: number | null
} {
  return { started_at_ms, ended_at_ms }
}

function shortResult({ error, output_file, progress, result, state }: ItemView): ComponentChildren {
  if (error !== undefined) return <span title={error.message}>{error.message}</span>
  if (output_file !== undefined) return `a file of ${formatBytes(output_file.size)}`
  if (state === 'running' && progress !== undefined) {
    const { ratio, text = '' } = progress
    const percent = ratio === undefined ? '' : formatShare(ratio)
    return <Bar parts={[{ tone: 'run', ratio: ratio ?? 1 }]} text={`${percent} ${text}`.trim()} />
  }
  return result === undefined ? '' : <code>{resultText(result)}</code>
}

interface ItemDialogProps {
  item: ItemView
  jobId: string
  onClose: () => void
}

function ItemDialog({ item, jobId, onClose }: ItemDialogProps): JSX.Element {
  const { error, output_file, outputs = [], result, reused_from, verified } = item
  const files = output_file === undefined ? outputs : [output_file, ...outputs]
  return (
    <Dialog label={`Item ${item.id}`} onClose={onClose}>
      <div class="inside">
        <div class="row">
          <h2>Item {item.id}</h2>
          <StateBadge state={item.state} />
        </div>
        {error !== undefined && <TaskError error={error} />}
        <Facts
          rows={[
            ['Worker', <WorkerName peer={item.worker} />],
            ['Attempts', item.attempts],
            ['Took', <Took of={timesOf(item)} />],
            [
              'Believed by',
              verified && `${verified.by}, ${verified.agreed} of ${verified.copies} agreed`
            ],
            [
              'Reused from',
              reused_from && <Link href={`/jobs/${reused_from.job}`}>{reused_from.job}</Link>
            ]
          ]}
        />
        {files.length > 0 && (
          <ul class="stack">
            {files.map(({ file, name, size }) => (
              <li key={file}>
                <Link href={`/files/${file}`}>{name}</Link>{' '}
                <span class="soft">{formatBytes(size)}</span>
              </li>
            ))}
          </ul>
        )}
        {result !== undefined && (
          <>
            <div class="row">
              <h3>Result</h3>
              <SaveButton name={`${jobId}-${item.id}.json`} value={() => result} />
            </div>
            <div class="result-box">
              <JsonTree value={result} />
            </div>
          </>
        )}
        <WaysOn jobId={jobId} item={item.id} onClose={onClose} />
      </div>
    </Dialog>
  )
}
