/** Asks for the token. It goes nowhere but into the header of requests to the server that gave out this page. */
import { useState } from 'preact/hooks'
import { Icon } from '../parts/icons.tsx'
import { Brand, ThemeButton } from './controls.tsx'
import { refusal, signIn } from '../data/session.ts'
import { usePageTitle } from './page-focus.ts'
import type { JSX } from 'preact'

export function SignIn(): JSX.Element {
  const ref = usePageTitle('Sign in')
  const [text, setText] = useState('')
  const reason = refusal.value
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          signIn(text)
        }}
      >
        <div class="row" style={{ justifyContent: 'space-between' }}>
          <Brand />
          <ThemeButton />
        </div>
        <h1 ref={ref} tabIndex={-1}>
          Sign in
        </h1>
        {reason !== undefined && (
          <p class="problem" data-tone="bad" role="alert">
            <Icon name="warning" /> {reason}
          </p>
        )}
        <label class="field">
          <span class="name">Token</span>
          <input
            class="input mono"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            required
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" class="button main">
          Open the dashboard
        </button>
        <div class="stack soft">
          <p>On the router's machine, this opens the dashboard with a token:</p>
          <pre>taskmesh dashboard</pre>
          <p>And this makes one for somebody who should only look:</p>
          <pre>taskmesh router token create anna --scope read</pre>
        </div>
      </form>
    </main>
  )
}
