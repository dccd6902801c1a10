/** Hands in a job: its document is written or pasted, looked at by the router without running it, then submitted. */
import { ActAsButton } from '../frame/router-access.tsx'
import { useEffect, useState } from 'preact/hooks'
import { Link, useLocation, useSearch } from 'wouter-preact'
import { Badge, PageHeader } from '../parts/basics.tsx'
import { Decision } from '../job/placement-tab.tsx'
import { Empty, Failure } from '../parts/situations.tsx'
import { EXAMPLES } from './job-examples.ts'
import { Icon } from '../parts/icons.tsx'
import { MeshError, messageOf } from '../../core/errors.ts'
import { get, post } from '../data/api.ts'
import { may } from '../data/live.ts'
import { parseJson } from '../../core/json.ts'
import { say } from '../parts/dialogs.tsx'
import type { JobView } from '../../model/generated/api-job.ts'
import type { JSX } from 'preact'
import type { PlanView } from '../../model/generated/api-plan.ts'
import type { Tone } from '../parts/states.ts'

const BACK = { href: '/jobs', text: 'Jobs' }

/** While this document is looked at or handed in. */
type Doing = 'planning' | 'submitting' | undefined

export function NewJobPage(): JSX.Element {
  const [text, setText] = useDocument()
  const [plan, setPlan] = useState<PlanView>()
  const [cause, setCause] = useState<unknown>()
  const [doing, setDoing] = useState<Doing>()
  const [, navigate] = useLocation()
  const act = async (what: Doing, work: (document: unknown) => Promise<void>): Promise<void> => {
    setDoing(what)
    setCause(undefined)
    setPlan(undefined)
    try {
      await work(parseJson(text))
    } catch (failure) {
      setCause(failure)
    }
    setDoing(undefined)
  }
  const check = (): Promise<void> =>
    act('planning', async (document) => setPlan(await post<PlanView>('/jobs/plan', document)))
  const submit = (): Promise<void> =>
    act('submitting', async (document) => {
      const made = [await post<JobView | JobView[]>('/jobs', document)].flat()
      say(made.length === 1 ? `${made[0]?.id} was handed in` : `${made.length} jobs were handed in`)
      navigate(made.length === 1 ? `/jobs/${made[0]?.id}` : '/jobs')
    })
  if (!may('submit')) return <NotAllowed />
  return (
    <>
      <PageHeader title="New job" back={BACK} />
      <div class="new-job">
        <Editor
          text={text}
          onText={setText}
          doing={doing}
          isWrong={cause !== undefined}
          onCheck={() => void check()}
          onSubmit={() => void submit()}
        />
        <div class="stack" aria-live="polite">
          {cause !== undefined && <Failure cause={cause} />}
          {plan !== undefined && <Plan plan={plan} />}
          {cause === undefined && plan === undefined && (
            <Empty icon="search" title="Where would it go?">
              <p>
                Check asks the router which worker would get this job now, and why. Nothing runs.
              </p>
            </Empty>
          )}
        </div>
      </div>
    </>
  )
}

interface EditorProps {
  text: string
  onText: (text: string) => void
  doing: Doing
  isWrong: boolean
  onCheck: () => void
  onSubmit: () => void
}

function Editor({ doing, isWrong, onCheck, onSubmit, onText, text }: EditorProps): JSX.Element {
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <Examples onChoose={onText} />
      <label class="field">
        <span class="name">The job, as JSON</span>
        <textarea
          class="input"
          rows={22}
          spellcheck={false}
          value={text}
          aria-invalid={isWrong}
          onInput={({ currentTarget }) => onText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSubmit()
          }}
        />
      </label>
      <div class="row">
        <button type="button" class="button" disabled={doing !== undefined} onClick={onCheck}>
          <Icon name="search" /> {doing === 'planning' ? 'Checking' : 'Check'}
        </button>
        <button type="submit" class="button main" disabled={doing !== undefined}>
          <Icon name="play" /> {doing === 'submitting' ? 'Submitting' : 'Submit'}
        </button>
        <span class="faint">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> submits
        </span>
      </div>
    </form>
  )
}

function Plan({ plan: { decision, outcome, summary } }: { plan: PlanView }): JSX.Element {
  const tones: Readonly<Record<PlanView['outcome'], Tone>> = {
    can_start: 'good',
    would_queue: 'wait',
    no_worker_fits: 'bad'
  }
  return (
    <>
      <div class="row">
        <Badge tone={tones[outcome]} icon={outcome === 'can_start' ? 'completed' : 'queued'}>
          {outcome.replaceAll('_', ' ')}
        </Badge>
        <span>{summary}</span>
      </div>
      <Decision decision={decision} />
    </>
  )
}

function Examples({ onChoose }: { onChoose: (text: string) => void }): JSX.Element {
  return (
    <div class="row" role="group" aria-label="Examples">
      <span class="soft">Begin with</span>
      {EXAMPLES.map(({ document, name }) => (
        <button
          key={name}
          type="button"
          class="button small"
          onClick={() => onChoose(JSON.stringify(document, null, 2))}
        >
          {name}
        </button>
      ))}
    </div>
  )
}

function NotAllowed(): JSX.Element {
  return (
    <>
      <PageHeader title="New job" back={BACK} />
      <Empty icon="lock" title="This token only looks">
        <p>
          To hand in jobs, sign in with a token of scope <code>submit</code> or <code>operate</code>
          .
        </p>
        <ActAsButton needs="submit" />
        <Link class="button" href="/jobs">
          Jobs
        </Link>
      </Empty>
    </>
  )
}

/** What is written; of another job (`?from=ID`) its document. */
function useDocument(): readonly [string, (text: string) => void] {
  const from = new URLSearchParams(useSearch()).get('from')
  const [text, setText] = useState(() => JSON.stringify(EXAMPLES[0]?.document, null, 2))
  useEffect(() => {
    if (from === null) return
    const controller = new AbortController()
    get<Record<string, unknown>>(`/jobs/${from}/document`, { signal: controller.signal }).then(
      // Its key would make it that job again.
      ({ key: _key, ...document }) => setText(JSON.stringify(document, null, 2)),
      (cause: unknown) => {
        if (!controller.signal.aborted) say(messageOf(MeshError.from(cause)), 'bad')
      }
    )
    return () => controller.abort()
  }, [from])
  return [text, setText]
}
