/** One job: how it stands, what can be done with it, and tabs for all that is known of it. */
import { Link, useLocation, useParams } from 'wouter-preact'
import { ActAsButton } from '../frame/router-access.tsx'
import { ActionButton, actionsOf } from '../jobs/job-actions.tsx'
import { Ago, CopyId, Facts, PageHeader, Stat, StateBadge } from '../parts/basics.tsx'
import { CommandsButton, curlOf } from '../parts/commands.tsx'
import { DocumentTab } from './document-tab.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { ItemsTab } from './items-tab.tsx'
import { JobBar, Took, countsText } from '../jobs/job-cells.tsx'
import { LogsTab } from './logs-tab.tsx'
import { PlacementTab } from './placement-tab.tsx'
import { Needs } from './needs.tsx'
import { ReceiptsTab } from './receipts-tab.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { TaskError } from './task-error.tsx'
import { TimelineTab } from './timeline-tab.tsx'
import { formatCount, formatMoment, shortPeer } from '../data/formats.ts'
import { hasEnded } from '../parts/states.ts'
import { useJob } from './use-job.ts'
import type { Command } from '../parts/commands.tsx'
import type { ComponentType, JSX } from 'preact'
import type { JobView } from '../../model/generated/api-job.ts'
import type { JobTabProps } from './job-tab.ts'

const TABS: readonly (readonly [key: string, title: string, tab: ComponentType<JobTabProps>])[] = [
  ['timeline', 'Timeline', TimelineTab],
  ['items', 'Items', ItemsTab],
  ['logs', 'Logs', LogsTab],
  ['placement', 'Placement', PlacementTab],
  ['receipts', 'Receipts', ReceiptsTab],
  ['document', 'Document', DocumentTab]
]

const BACK = { href: '/jobs', text: 'Jobs' }

export function JobPage(): JSX.Element {
  const { id, tab } = useParams<{ id: string; tab?: string }>()
  const [, navigate] = useLocation()
  const { cause, reload, value: job, version } = useJob(id)
  if (job === undefined) {
    return (
      <>
        <PageHeader title={`Job ${id}`} back={BACK} />
        {cause === undefined ? <Skeleton /> : <Failure cause={cause} retry={reload} />}
      </>
    )
  }
  const current = TABS.find(([key]) => key === tab) ?? TABS[0]
  const [key = '', , Tab = TimelineTab] = current ?? []
  return (
    <>
      <PageHeader
        title={job.name ?? job.id}
        back={BACK}
        note={
          <span class="row">
            <StateBadge state={job.state} />
            <CopyId id={job.id} what="job id" />
          </span>
        }
      >
        {actionsOf(job).map((action) => (
          <ActionButton
            key={action.name}
            action={action}
            job={job}
            onNew={(fresh) => navigate(`/jobs/${fresh.id}`)}
          />
        ))}
        <CommandsButton commands={commandsOf(job)} />
        <ActAsButton needs="operate" />
      </PageHeader>
      {cause !== undefined && <Failure cause={cause} retry={reload} />}
      <JobNotice job={job} />
      {job.needs.length > 0 && <Needs ids={job.needs} />}
      <JobFigures job={job} />
      <Tabs
        label="Parts of the job"
        current={key}
        tabs={TABS.map(([each, title]) => ({ key: each, title, href: `/jobs/${job.id}/${each}` }))}
      >
        <Tab key={job.id} job={job} version={version} />
      </Tabs>
    </>
  )
}

/** Why it waits, or by what it failed. */
function JobNotice({ job: { error, waiting_for } }: { job: JobView }): JSX.Element | null {
  if (error !== undefined) return <TaskError error={error} />
  if (waiting_for === null) return null
  return (
    <div class="problem" data-tone="wait">
      <Icon name="queued" />
      <div>
        <strong>It waits: {waiting_for}</strong>
      </div>
    </div>
  )
}

function commandsOf(job: JobView): readonly Command[] {
  const { id } = job
  return [
    { does: 'How it stands, and what to do next', text: `taskmesh job describe ${id}` },
    { does: 'What its tasks write', text: `taskmesh job logs ${id} --follow` },
    { does: 'Why they went where they went', text: `taskmesh job explain ${id}` },
    { does: 'The files that it made', text: `taskmesh job get ${id}` },
    hasEnded(job)
      ? { does: 'Run again what did not complete', text: `taskmesh job rerun ${id}` }
      : { does: 'Stop it', text: `taskmesh job stop ${id}` },
    { does: 'All of this page, as JSON', text: curlOf(`/jobs/${id}`) }
  ]
}

function JobFigures({ job }: { job: JobView }): JSX.Element {
  const { attempts, counts, engine, item_count, labels = {}, priority, submitter } = job
  return (
    <div class="job-figures">
      <dl class="stats">
        <Stat
          name="Items"
          value={`${formatCount(counts.completed)} / ${formatCount(item_count)}`}
          note={<JobBar job={job} />}
        />
        <Stat name="Took" value={<Took of={job} />} note={<Submitted job={job} />} />
        <Stat name="Attempts" value={formatCount(attempts)} note={countsText(counts)} />
        <Stat name="Engine" value={engine} note={`priority ${priority}, share ${job.share}`} />
      </dl>
      <details class="more-facts">
        <summary>More of it</summary>
        <Facts
          rows={[
            ['Submitted', formatMoment(job.created_at_ms)],
            ['Begun', job.started_at_ms === null ? undefined : formatMoment(job.started_at_ms)],
            ['Ended', job.ended_at_ms === null ? undefined : formatMoment(job.ended_at_ms)],
            ['Due', job.due_at_ms === null ? undefined : formatMoment(job.due_at_ms)],
            ['Submitter', <span title={submitter}>{shortPeer(submitter)}</span>],
            ['Key', job.key ?? undefined],
            ['Made by', job.parent === null ? undefined : <JobLink id={job.parent} />],
            ['Labels', labelsText(labels)]
          ]}
        />
      </details>
    </div>
  )
}

function Submitted({ job }: { job: JobView }): JSX.Element {
  return (
    <>
      submitted <Ago atMs={job.created_at_ms} />
    </>
  )
}

function JobLink({ id }: { id: string }): JSX.Element {
  return (
    <Link class="mono" href={`/jobs/${id}`}>
      {id}{' '}
    </Link>
  )
}

function labelsText(labels: Readonly<Record<string, string>>): string | undefined {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return texts.length === 0 ? undefined : texts.join(', ')
}
