/** What this router is fetching now, as it comes. */
import { Link } from 'wouter-preact'
import { TransferBar, isMoving } from './cells.tsx'
import { transfers } from '../data/live.ts'
import type { JSX } from 'preact'

const SHOWN = 5

export function TransferList(): JSX.Element | null {
  const moving = transfers.value.filter(isMoving)
  if (moving.length === 0) return null
  return (
    <section class="card transfers" aria-label="On the way here">
      <ul>
        {moving.slice(0, SHOWN).map((file) => (
          <li key={file.id}>
            <Link class="cut" href={`/files/${file.id}`}>
              {file.name}
            </Link>
            <TransferBar file={file} isLong />
          </li>
        ))}
      </ul>
      {moving.length > SHOWN && <p class="faint">and {moving.length - SHOWN} more</p>}
    </section>
  )
}
