/** The named tokens of the API: who has one, for what and until when; made here, and taken back. */
import { useState } from 'preact/hooks'
import { Ago, Badge, Card } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { NewTokenDialog } from './new-token.tsx'
import { ask, attempt } from '../parts/dialogs.tsx'
import { formatMoment, formatSpan } from '../data/formats.ts'
import { get, remove } from '../data/api.ts'
import { nowMs } from '../data/now.ts'
import { useLoad } from '../data/use-load.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JSX } from 'preact'
import type { Tone } from '../parts/states.ts'
import type { TokenScope, TokenView } from '../../model/generated/api-token.ts'

const LOOKS: Readonly<Record<TokenScope, { tone: Tone; icon: IconName }>> = {
  read: { tone: 'quiet', icon: 'search' },
  submit: { tone: 'run', icon: 'jobs' },
  operate: { tone: 'warn', icon: 'lock' }
}

export function Tokens(): JSX.Element {
  const [isMaking, setMaking] = useState(false)
  const { cause, reload, value } = useLoad('tokens', (signal) =>
    get<TokenView[]>('/tokens', { signal })
  )
  return (
    <Card
      title="Tokens"
      aside={
        <button type="button" class="button small" onClick={() => setMaking(true)}>
          <Icon name="plus" /> New token
        </button>
      }
    >
      <p class="soft">
        Each person and program has one of its own, which can be taken back alone. The token that
        the node made for itself is not among them.
      </p>
      {cause !== undefined && <Failure cause={cause} retry={reload} />}
      {value === undefined && cause === undefined && <Skeleton lines={3} />}
      {value?.length === 0 && <Empty icon="lock" title="No named tokens yet" />}
      {value !== undefined && value.length > 0 && <TokenTable tokens={value} onChange={reload} />}
      {isMaking && <NewTokenDialog onMade={reload} onClose={() => setMaking(false)} />}
    </Card>
  )
}

function TokenTable({
  onChange,
  tokens
}: {
  tokens: readonly TokenView[]
  onChange: () => void
}): JSX.Element {
  return (
    <div class="table-box">
      <table class="table" aria-label="Tokens">
        <thead>
          <tr>
            <th>Name</th>
            <th>Scope</th>
            <th class="wide-only">Made</th>
            <th>Runs out</th>
            <th>
              <span class="heard">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <th scope="row">
                {token.name}
                <br />
                <code class="faint">{token.id}</code>
              </th>
              <td>
                <Badge {...LOOKS[token.scope]}>{token.scope}</Badge>
              </td>
              <td class="nowrap wide-only">
                <Ago atMs={token.created_at_ms} />
              </td>
              <td class="nowrap" title={formatMoment(token.expires_at_ms)}>
                {untilText(token.expires_at_ms, nowMs.value)}
              </td>
              <td class="end">
                <button
                  type="button"
                  class="button small danger"
                  aria-label={`Revoke ${token.name} ${token.id}`}
                  onClick={() => void revoke(token, onChange)}
                >
                  Revoke…
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function untilText(untilMs: number, now: number): string {
  return untilMs <= now ? 'has run out' : `in ${formatSpan(untilMs - now)}`
}

async function revoke({ id, name }: TokenView, onChange: () => void): Promise<void> {
  const answer = await ask({
    title: `Revoke the token ${name}?`,
    body: `Whoever uses ${id} is refused from then on, and what they watch ends. Jobs handed in with it go on.`,
    action: 'Revoke',
    isDangerous: true
  })
  if (answer === undefined) return
  if (await attempt(() => remove(`/tokens/${id}`), `The token ${name} is revoked`)) onChange()
}
