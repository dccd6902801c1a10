/** What can be done with a job, each after a question; the router refuses what the token may not. */
import { signal } from '@preact/signals'
import { Dialog, ask, attempt } from '../parts/dialogs.tsx'
import { Icon } from '../parts/icons.tsx'
import { StateBadge } from '../parts/basics.tsx'
import { hasEnded } from '../parts/states.ts'
import { may } from '../data/live.ts'
import { post } from '../data/api.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JSX } from 'preact'
import type { JobView } from '../../model/generated/api-job.ts'

export interface JobAction {
  name: string
  icon: IconName
  isDangerous?: boolean
  /** Resolves to the job that came of it, where it is another one. */
  act: (job: JobView) => Promise<JobView | undefined>
}

const STOP: JobAction = { name: 'Stop', icon: 'stopped', isDangerous: true, act: stop }
const HOLD: JobAction = { name: 'Hold', icon: 'held', act: hold }
const RELEASE: JobAction = { name: 'Release', icon: 'play', act: release }
const RERUN: JobAction = { name: 'Run again', icon: 'replay', act: rerun }

export function actionsOf(job: JobView): readonly JobAction[] {
  if (!may('submit')) return []
  if (hasEnded(job)) return [RERUN]
  return [job.on_hold || job.state === 'held' ? RELEASE : HOLD, STOP]
}

function shownName({ id, name }: JobView): string {
  return name === null ? id : `${name} (${id})`
}

async function stop(job: JobView): Promise<undefined> {
  const answer = await ask({
    title: 'Stop this job?',
    body: `${shownName(job)} ends for good. What has been completed of it stays.`,
    action: 'Stop job',
    isDangerous: true,
    choice: {
      name: 'Its tasks may finish their work',
      options: [
        ['', 'as long as the job says'],
        ['10s', 'for 10 seconds'],
        ['0s', 'not at all']
      ]
    },
    text: { name: 'Reason', placeholder: 'for whoever asks later' }
  })
  if (answer === undefined) return
  const { choice, text } = answer
  const wish = { ...reasonOf(text), ...(choice === '' ? {} : { kill_after: choice }) }
  await attempt(() => post(`/jobs/${job.id}/stop`, wish), `${job.id} is being stopped`)
}

async function hold(job: JobView): Promise<undefined> {
  const answer = await ask({
    title: 'Hold this job?',
    body: `Nothing more of ${shownName(job)} begins until it is released. What runs goes on.`,
    action: 'Hold job',
    text: { name: 'Reason', placeholder: 'for whoever asks later' }
  })
  if (answer === undefined) return
  await attempt(() => post(`/jobs/${job.id}/hold`, reasonOf(answer.text)), `${job.id} is held`)
}

async function release(job: JobView): Promise<undefined> {
  await attempt(() => post(`/jobs/${job.id}/release`), `${job.id} goes on`)
}

async function rerun(job: JobView): Promise<JobView | undefined> {
  const answer = await ask({
    title: 'Run this job again?',
    body: `${shownName(job)} stays as it is; a new job is made of its document.`,
    action: 'Run again',
    choice: {
      name: 'Which items',
      options: [
        ['unfinished', 'those that failed or were stopped; all, if none did'],
        ['all', 'all of them']
      ]
    }
  })
  if (answer === undefined) return undefined
  let fresh: JobView | undefined
  await attempt(async () => {
    fresh = await post<JobView>(`/jobs/${job.id}/rerun`, { items: answer.choice })
  }, `${job.id} runs again`)
  return fresh
}

function reasonOf(text: string): { reason?: string } {
  return text === '' ? {} : { reason: text }
}

const chosen = signal<JobView | undefined>(undefined)

/** Of a row: its actions stand in a dialog, which fingers and keys reach as well as a pointer. */
export function RowActions({ job }: { job: JobView }): JSX.Element | null {
  if (actionsOf(job).length === 0) return null
  return (
    <button
      type="button"
      class="button quiet small icon-only"
      aria-label={`Actions of ${job.name ?? job.id}`}
      aria-haspopup="dialog"
      onClick={() => (chosen.value = job)}
    >
      <Icon name="more" />
    </button>
  )
}

/** Once, in the page with the table. */
export function ActionsDialog({ onNew }: { onNew: (job: JobView) => void }): JSX.Element | null {
  const job = chosen.value
  if (job === undefined) return null
  const close = (): void => void (chosen.value = undefined)
  return (
    <Dialog label="Actions" onClose={close}>
      <div class="inside">
        <div class="row">
          <h2>{job.name ?? job.id}</h2>
          <StateBadge state={job.state} />
        </div>
        <div class="stack">
          {actionsOf(job).map((action) => (
            <ActionButton
              key={action.name}
              action={action}
              job={job}
              onNew={onNew}
              onBegin={close}
            />
          ))}
        </div>
        <div class="actions">
          <button type="button" class="button quiet" onClick={close}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}

export function ActionButton({
  action,
  job,
  onBegin,
  onNew
}: {
  action: JobAction
  job: JobView
  onNew: (job: JobView) => void
  onBegin?: () => void
}): JSX.Element {
  const act = async (): Promise<void> => {
    const fresh = await action.act(job)
    if (fresh !== undefined) onNew(fresh)
  }
  return (
    <button
      type="button"
      class={action.isDangerous ? 'button danger' : 'button'}
      onClick={() => {
        onBegin?.()
        void act()
      }}
    >
      <Icon name={action.icon} /> {action.name}
    </button>
  )
}
