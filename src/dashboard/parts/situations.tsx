/** What stands where there is nothing, not yet, or a failure. */
import { Icon } from './icons.tsx'
import { MeshError } from '../../core/errors.ts'
import type { ComponentChildren, JSX } from 'preact'
import type { IconName } from './icons.tsx'

interface EmptyProps {
  icon: IconName
  title: string
  /** What to do about it. */
  children?: ComponentChildren
}

export function Empty({ children, icon, title }: EmptyProps): JSX.Element {
  return (
    <div class="state">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** What went wrong, by its words, its code and what to do; with a way to try again. */
export function Failure({ cause, retry }: { cause: unknown; retry?: () => void }): JSX.Element {
  const { code, hint, message, path } = MeshError.from(cause)
  return (
    <div class="problem" data-tone="bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{sentence(message)}</strong>
        {hint !== undefined && <span>{sentence(hint)}</span>}
        <span class="soft">
          <code>{code}</code>
          {path !== undefined && (
            <>
              {' '}
              at <code>{path}</code>
            </>
          )}
        </span>
      </div>
      {retry !== undefined && (
        <button type="button" class="button small" onClick={retry}>
          <Icon name="replay" /> Try again
        </button>
      )}
    </div>
  )
}

/** Lines that stand for what is on its way. */
export function Skeleton({ lines = 6 }: { lines?: number }): JSX.Element {
  return (
    <div class="stack" role="status">
      <span class="heard">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        <span
          key={index}
          class="skeleton"
          aria-hidden="true"
          style={{ width: `${92 - ((index * 17) % 45)}%` }}
        />
      ))}
    </div>
  )
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
