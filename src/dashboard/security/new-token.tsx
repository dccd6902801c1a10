/** Makes a named token, and shows it, once: the server does not know it afterwards. */
import { useState } from 'preact/hooks'
import { CopyId, Facts } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialogs.tsx'
import { Failure } from '../parts/situations.tsx'
import { formatMoment } from '../data/formats.ts'
import { post } from '../data/api.ts'
import type { JSX } from 'preact'
import type { TokenScope, TokenView } from '../../model/generated/api-token.ts'

const SCOPES: readonly (readonly [TokenScope, string])[] = [
  ['read', 'read: looks'],
  ['submit', 'submit: hands in jobs, and acts on its own'],
  ['operate', 'operate: may do everything']
]

const TTLS = [
  ['1d', '1 day'],
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['365d', '1 year']
] as const

interface NewTokenProps {
  onMade: () => void
  onClose: () => void
}

export function NewTokenDialog({ onClose, onMade }: NewTokenProps): JSX.Element {
  const [made, setMade] = useState<TokenView | undefined>()
  return (
    <Dialog label="New token" onClose={onClose}>
      {made === undefined ? (
        <TokenForm
          onClose={onClose}
          onMade={(token) => {
            setMade(token)
            onMade()
          }}
        />
      ) : (
        <Made token={made} onClose={onClose} />
      )}
    </Dialog>
  )
}

function TokenForm({
  onClose,
  onMade
}: {
  onClose: () => void
  onMade: (token: TokenView) => void
}): JSX.Element {
  const [name, setName] = useState('')
  const [scope, setScope] = useState<TokenScope>('read')
  const [ttl, setTtl] = useState('30d')
  const [cause, setCause] = useState<unknown>()
  const make = async (): Promise<void> => {
    setCause(undefined)
    try {
      onMade(await post<TokenView>('/tokens', { name: name.trim(), scope, ttl }))
    } catch (failure) {
      setCause(failure)
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void make()
      }}
    >
      <h2>New token</h2>
      {cause !== undefined && <Failure cause={cause} />}
      <label class="field">
        <span class="name">For whom</span>
        <input
          class="input"
          required
          maxLength={32}
          placeholder="anna, ci, backup-script"
          autocomplete="off"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <Choice
        name="Scope"
        value={scope}
        options={SCOPES}
        onValue={(value) => setScope(value as TokenScope)}
      />
      <Choice name="Good for" value={ttl} options={TTLS} onValue={setTtl} />
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button main">
          Make it
        </button>
      </div>
    </form>
  )
}

function Choice({
  name,
  onValue,
  options,
  value
}: {
  name: string
  value: string
  options: readonly (readonly [value: string, text: string])[]
  onValue: (value: string) => void
}): JSX.Element {
  return (
    <label class="field">
      <span class="name">{name}</span>
      <select
        class="input"
        value={value}
        onChange={({ currentTarget }) => onValue(currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

function Made({ onClose, token }: { token: TokenView; onClose: () => void }): JSX.Element {
  return (
    <div class="inside">
      <h2>Token for {token.name}</h2>
      <p>Copy it now: nobody can show it again.</p>
      <p class="made-token">
        <CopyId id={token.token ?? ''} what="token" />
      </p>
      <Facts
        rows={[
          ['Scope', token.scope],
          ['Runs out', formatMoment(token.expires_at_ms)]
        ]}
      />
      <div class="actions">
        <button type="button" class="button main" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  )
}
