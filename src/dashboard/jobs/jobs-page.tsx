/** All jobs, live: filtered and searched by the router, however many there are. */
import { useMemo, useRef, useState } from 'preact/hooks'
import { Link, useLocation, useSearch } from 'wouter-preact'
import { ActionsDialog, RowActions } from './job-actions.tsx'
import { BulkButton } from './bulk-actions.tsx'
import { ColumnMenu, useColumnChoice } from '../parts/column-choice.tsx'
import { ActAsButton } from '../frame/router-access.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { FilterFields, StateChoice } from './job-filters.tsx'
import { Icon } from '../parts/icons.tsx'
import { JOB_COLUMNS } from './job-cells.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { formatCount, plural } from '../data/formats.ts'
import { isAnything, readFilter, writeFilter } from './job-filter.ts'
import { may } from '../data/live.ts'
import { useJobList } from './use-job-list.ts'
import type { Column } from '../parts/table-columns.ts'
import type { JSX } from 'preact'
import type { JobFilter } from './job-filter.ts'
import type { JobListing } from './use-job-list.ts'

const HIDDEN_AT_FIRST = ['attempts', 'priority', 'labels']

export function JobsPage(): JSX.Element {
  const [, navigate] = useLocation()
  const filter = readFilter(useSearch())
  const box = useRef<HTMLDivElement>(null)
  const listing = useJobList(filter, () => !isInUse(box.current))
  const choice = useColumnChoice('jobs', HIDDEN_AT_FIRST)
  const setFilter = (next: JobFilter): void => {
    const search = writeFilter(next)
    navigate(search === '' ? '/jobs' : `/jobs?${search}`, { replace: true })
  }
  const waiting = listing.list.waitingCount
  return (
    <>
      <PageHeader title="Jobs">
        <ColumnMenu columns={JOB_COLUMNS} choice={choice} />
        {may('submit') && (
          <Link class="button main" href="/jobs/new">
            <Icon name="plus" /> New job
          </Link>
        )}
        <ActAsButton needs="submit" />
      </PageHeader>
      <div class="filters">
        <div class="row spread">
          <StateChoice filter={filter} onFilter={setFilter} />
          {may('submit') && !isAnything(filter) && <BulkButton filter={filter} />}
        </div>
        <FilterFields filter={filter} onFilter={setFilter} />
      </div>
      {listing.cause !== undefined && <Failure cause={listing.cause} retry={listing.retry} />}
      <div class="jobs-box fills" ref={box}>
        <JobsTable filter={filter} listing={listing} hidden={choice.hidden} />
        {waiting > 0 && (
          <button type="button" class="button main small news-pill" onClick={listing.showWaiting}>
            <Icon name="up" /> {plural(waiting, 'new job')}
          </button>
        )}
      </div>
      <ActionsDialog onNew={({ id }) => navigate(`/jobs/${id}`)} />
    </>
  )
}

interface JobsTableProps {
  listing: JobListing
  filter: JobFilter
  hidden: ReadonlySet<string>
}

function JobsTable({ filter, hidden, listing }: JobsTableProps): JSX.Element {
  const [, navigate] = useLocation()
  const [chosen, setChosen] = useState<string>()
  const { hasMore, isLoading, list } = listing
  const columns = useMemo(() => columnsOf(listing), [list])
  const shown = formatCount(list.ids.length)
  const loading = isLoading ? ', loading more' : ', scroll for more'
  return (
    <VirtualTable
      label="Jobs"
      columns={columns}
      hidden={hidden}
      rows={list.ids}
      keyOf={(id) => id}
      chosen={chosen}
      onChoose={setChosen}
      onOpen={(id) => navigate(`/jobs/${id}`)}
      onEnd={listing.more}
      onRange={listing.onRange}
      empty={listing.cause === undefined && <NoJobs filter={filter} isLoading={isLoading} />}
      foot={<span>{`${shown} shown${hasMore ? loading : ''}`}</span>}
    />
  )
}

function columnsOf({ list }: JobListing): readonly Column<string>[] {
  const columns = JOB_COLUMNS.map((column) => ({
    ...column,
    cell: (id: string) => {
      const job = list.job(id)
      return job === undefined ? null : column.cell(job)
    }
  }))
  const actions: Column<string> = {
    key: 'actions',
    title: 'Actions',
    head: <span class="heard">Actions</span>,
    widthPx: 34,
    cell: (id) => {
      const job = list.job(id)
      return job === undefined ? null : <RowActions job={job} />
    }
  }
  return [...columns, actions]
}

function NoJobs({ filter, isLoading }: { filter: JobFilter; isLoading: boolean }): JSX.Element {
  if (isLoading) {
    return (
      <div style={{ padding: '16px' }}>
        <Skeleton lines={10} />
      </div>
    )
  }
  if (!isAnything(filter)) {
    return (
      <Empty icon="search" title="No job fits">
        <p>None of the jobs in the router's store is like that.</p>
        <Link class="button" href="/jobs">
          Show all jobs
        </Link>
      </Empty>
    )
  }
  return (
    <Empty icon="jobs" title="No jobs yet">
      <p>Hand one in here, or on the command line:</p>
      <pre class="mono">taskmesh run builtin sleep --arg ms=100</pre>
    </Empty>
  )
}

/** Somebody points at a row, has one in focus, or has scrolled: nothing may move then. */
function isInUse(box: HTMLElement | null): boolean {
  if (box === null) return false
  const scroll = box.querySelector('.grid-scroll')
  const isScrolled = (scroll?.scrollTop ?? 0) > 0
  return isScrolled || box.matches(':hover') || box.contains(document.activeElement)
}
