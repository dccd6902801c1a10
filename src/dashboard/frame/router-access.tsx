/** Through a monitor one only looks at a router, unless one shows it a token of its own: the place to give that, and to take it back. */
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { Dialog, say } from '../parts/dialogs.tsx'
import { Failure } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { MeshError } from '../../core/errors.ts'
import {
  farRouter,
  forgetRouterToken,
  keepRouterToken,
  routerRefusal,
  routerToken
} from '../data/session.ts'
import { may, scope } from '../data/live.ts'
import { nameOfRouter } from './router-name.ts'
import { tryRouterToken } from '../data/api.ts'
import type { JSX } from 'preact'
import type { RouterView } from '../../model/generated/api-router.ts'
import type { Scope } from '../data/live.ts'

const isOpen = signal(false)

const MAY: Readonly<Record<Scope, string>> = {
  read: 'You only look at it.',
  submit: 'You may hand in jobs.',
  operate: 'You may do everything.'
}

/** Below the choice of routers. */
export function AccessNote({ router }: { router: RouterView }): JSX.Element {
  return (
    <>
      <span>{MAY[scope.value]}</span>
      {routerToken.value === undefined ? (
        <button type="button" class="button small" onClick={() => (isOpen.value = true)}>
          <Icon name="lock" /> Act as…
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => forgetRouterToken(router.peer_id)}
        >
          Put its token away
        </button>
      )}
    </>
  )
}

/** In place of actions that the reader may not do through a monitor, but with a token of the router's might. */
export function ActAsButton({ needs }: { needs: Scope }): JSX.Element | null {
  if (farRouter.value === undefined || may(needs)) return null
  return (
    <button type="button" class="button" onClick={() => (isOpen.value = true)}>
      <Icon name="lock" /> Act as…
    </button>
  )
}

/** Once, in the frame. */
export function RouterAccess(): JSX.Element | null {
  const reason = routerRefusal.value
  useEffect(() => {
    if (reason !== undefined)
      say(reason, 'bad', 'It is put away; you may do as much as the monitor.')
    routerRefusal.value = undefined
  }, [reason])
  const router = farRouter.value
  if (!isOpen.value || router === undefined) return null
  return <TokenDialog key={router.peer_id} router={router} />
}

function close(): void {
  isOpen.value = false
}

function TokenDialog({ router }: { router: RouterView }): JSX.Element {
  const [text, setText] = useState('')
  const [cause, setCause] = useState<unknown>()
  const [isAsking, setAsking] = useState(false)
  const [leaving] = useState(() => new AbortController())
  useEffect(() => () => leaving.abort(), [])
  const name = nameOfRouter(router)
  const tryIt = async (): Promise<void> => {
    setAsking(true)
    setCause(undefined)
    try {
      await tryRouterToken(text.trim(), leaving.signal)
      keepRouterToken(router.peer_id, text.trim())
      close()
    } catch (failure) {
      if (leaving.signal.aborted) return
      setText('')
      setCause(refusalOf(failure, name))
    }
    setAsking(false)
  }
  return (
    <Dialog label={`Act at ${name}`} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void tryIt()
        }}
      >
        <h2>Act at {name}</h2>
        <p>
          Through a monitor one mostly looks. To do more, such as to stop a job or drain a worker,
          show the router a token of its own. On its machine, this makes one:
        </p>
        <pre class="mono">taskmesh router token create NAME --scope operate</pre>
        {cause !== undefined && <Failure cause={cause} />}
        <label class="field">
          <span class="name">Token of {name}</span>
          <input
            class="input mono"
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <span class="soft">It stays in this tab, until you sign out.</span>
        </label>
        <div class="actions">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={isAsking}>
            Act with it
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function refusalOf(failure: unknown, name: string): MeshError {
  const error = MeshError.from(failure)
  if (error.code !== 'UNAUTHORISED') return error
  return new MeshError('UNAUTHORISED', `this is no token of ${name}`, {
    hint: 'a router knows those that were made at it, until they run out; that of the monitor opens the monitor alone'
  })
}
