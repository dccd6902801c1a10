/** A JSON value to look into: objects and lists open and close, long ones show their beginning. */
import { useState } from 'preact/hooks'
import type { JSX } from 'preact'

/** Entries shown at once. */
const ENTRIES_MAX = 100
const OPEN_DEPTH = 2
const TEXT_LETTERS_MAX = 4_000

export function JsonTree({ value }: { value: unknown }): JSX.Element {
  return (
    <div class="tree">
      <Value value={value} depth={0} />
    </div>
  )
}

function Value({
  depth,
  name,
  value
}: {
  name?: string
  value: unknown
  depth: number
}): JSX.Element {
  const key = name === undefined ? null : <span class="key">{name}: </span>
  if (value !== null && typeof value === 'object') {
    return <Group {...(name !== undefined && { name })} value={value} depth={depth} />
  }
  return (
    <div>
      {key}
      <span class={classOf(value)}>{textOf(value)}</span>
    </div>
  )
}

function Group({
  depth,
  name,
  value
}: {
  name?: string
  value: object
  depth: number
}): JSX.Element {
  const [countMax, setCountMax] = useState(ENTRIES_MAX)
  const entries = Object.entries(value)
  const isList = Array.isArray(value)
  const [open, close] = isList ? '[]' : '{}'
  if (entries.length === 0) {
    return (
      <div>
        {name !== undefined && <span class="key">{name}: </span>}
        {open}
        {close}
      </div>
    )
  }
  const [one, many] = isList ? ['entry', 'entries'] : ['field', 'fields']
  const noun = entries.length === 1 ? one : many
  return (
    <details open={depth < OPEN_DEPTH && entries.length <= ENTRIES_MAX}>
      <summary>
        {name !== undefined && <span class="key">{name}: </span>}
        <span class="faint">
          {open} {entries.length} {noun} {close}
        </span>
      </summary>
      <ul>
        {entries.slice(0, countMax).map(([key, each]) => (
          <li key={key}>
            <Value name={key} value={each} depth={depth + 1} />
          </li>
        ))}
      </ul>
      {entries.length > countMax && (
        <button
          type="button"
          class="button small quiet"
          onClick={() => setCountMax(countMax + ENTRIES_MAX)}
        >
          {entries.length - countMax} more
        </button>
      )}
    </details>
  )
}

function classOf(value: unknown): string {
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'number' : 'word'
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  const cut = value.slice(0, TEXT_LETTERS_MAX)
  return value.length > cut.length ? `${cut}… (${value.length} letters)` : cut
}
