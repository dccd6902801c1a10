/** The frame of all pages, and which page is at which address. Each page comes in a file of its own. */
import { Route, Router, Switch } from 'wouter-preact'
import { Brand, ConnectionState, Controls, TopBar } from './frame/controls.tsx'
import { Dialogs } from './parts/dialogs.tsx'
import { Empty, Failure, Skeleton } from './parts/situations.tsx'
import { Navigation } from './frame/navigation.tsx'
import { Outage } from './frame/outage.tsx'
import { PageHeader } from './parts/basics.tsx'
import { ROUTER_BASE } from './data/place.ts'
import { RouterAccess } from './frame/router-access.tsx'
import { RouterChoice } from './frame/router-choice.tsx'
import { Shortcuts } from './frame/shortcuts.tsx'
import { SignIn } from './frame/sign-in.tsx'
import { apiBase, token } from './data/session.ts'
import { failure } from './data/live.ts'
import { lazy } from './frame/lazy.tsx'
import { needsRouter } from './frame/needs-router.tsx'
import type { JSX } from 'preact'

const Overview = lazy(async () => (await import('./overview/overview-page.tsx')).OverviewPage)
const Mesh = lazy(async () => (await import('./mesh/mesh-page.tsx')).MeshPage)
const Workers = needsRouter(
  lazy(async () => (await import('./workers/workers-page.tsx')).WorkersPage),
  { title: 'Workers', icon: 'workers' }
)
const Worker = needsRouter(
  lazy(async () => (await import('./workers/worker-page.tsx')).WorkerPage),
  { title: 'Workers', icon: 'workers' }
)
const Jobs = needsRouter(
  lazy(async () => (await import('./jobs/jobs-page.tsx')).JobsPage),
  { title: 'Jobs', icon: 'jobs' }
)
const NewJob = needsRouter(
  lazy(async () => (await import('./jobs/new-job-page.tsx')).NewJobPage),
  { title: 'Jobs', icon: 'jobs' }
)
const Job = needsRouter(
  lazy(async () => (await import('./job/job-page.tsx')).JobPage),
  { title: 'Jobs', icon: 'jobs' }
)
const Files = needsRouter(
  lazy(async () => (await import('./files/files-page.tsx')).FilesPage),
  { title: 'Files', icon: 'files' }
)
const File = needsRouter(
  lazy(async () => (await import('./files/file-page.tsx')).FilePage),
  { title: 'Files', icon: 'files' }
)
const Security = lazy(async () => (await import('./security/security-page.tsx')).SecurityPage)
const Api = lazy(async () => (await import('./api-page/api-page.tsx')).ApiPage)

export function App(): JSX.Element {
  return (
    <Router base={ROUTER_BASE}>
      {token.value === undefined ? <SignIn /> : <Frame />}
      <Dialogs />
    </Router>
  )
}

function Frame(): JSX.Element {
  return (
    <div class="frame">
      <a
        class="skip"
        href="#page"
        onClick={(event) => {
          event.preventDefault()
          document.getElementById('page')?.focus()
        }}
      >
        Skip to content
      </a>
      <TopBar />
      <aside class="side" aria-label="Dashboard">
        <Brand />
        <Navigation />
        <div class="side-foot">
          <RouterChoice />
          <div class="row">
            <ConnectionState />
          </div>
          <Controls />
        </div>
      </aside>
      {/* What was shown of another router is forgotten. */}
      <main class="page" id="page" tabIndex={-1} key={apiBase.value}>
        <Outage />
        {apiBase.value === '' ? <NotYet /> : <Pages />}
      </main>
      <Shortcuts />
      <RouterAccess />
    </div>
  )
}

/** Until the server has told of routers. */
function NotYet(): JSX.Element {
  const cause = failure.value
  return cause === undefined ? <Skeleton /> : <Failure cause={cause} />
}

function Pages(): JSX.Element {
  return (
    <Switch>
      <Route path="/">
        <Overview />
      </Route>
      <Route path="/mesh">
        <Mesh />
      </Route>
      <Route path="/api">
        <Api />
      </Route>
      <Route path="/security">
        <Security />
      </Route>
      <Route path="/workers">
        <Workers />
      </Route>
      <Route path="/workers/:peer/:tab?">
        <Worker />
      </Route>
      <Route path="/jobs">
        <Jobs />
      </Route>
      <Route path="/jobs/new">
        <NewJob />
      </Route>
      <Route path="/jobs/:id/:tab?">
        <Job />
      </Route>
      <Route path="/files">
        <Files />
      </Route>
      <Route path="/files/:id">
        <File />
      </Route>
      <Route>
        <PageHeader title="Not found" />
        <Empty icon="unknown" title="There is no such page">
          <p>The address may be mistyped, or from another version.</p>
        </Empty>
      </Route>
    </Switch>
  )
}
