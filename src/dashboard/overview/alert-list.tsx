/** What an operator has to know first; where all is well, nothing. */
import { Icon } from '../parts/icons.tsx'
import { Link } from 'wouter-preact'
import type { Alert } from './alerts.ts'
import type { JSX } from 'preact'

export function AlertList({ alerts }: { alerts: readonly Alert[] }): JSX.Element {
  return (
    <div class="alerts" role="status" aria-label="Alerts">
      {alerts.map(({ id, path, severity, text, title }) => (
        <div key={id} class="problem" data-tone={severity === 'bad' ? 'bad' : 'warn'}>
          <Icon name="warning" />
          <div>
            <strong>{title}</strong>
            <span>{text}</span>
          </div>
          {path !== undefined && (
            <Link class="button small" href={path} aria-label={`Look: ${title}`}>
              Look
            </Link>
          )}
        </div>
      ))}
    </div>
  )
}
