/** Which jobs, and which columns of them. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { JOB_STATES } from './job-filter.ts'
import { Icon } from '../parts/icons.tsx'
import { formatCount } from '../data/formats.ts'
import { lookOf } from '../parts/states.ts'
import { overview } from '../data/live.ts'
import type { JSX } from 'preact'
import type { JobFilter } from './job-filter.ts'

interface FilterProps {
  filter: JobFilter
  onFilter: (filter: JobFilter) => void
}

/** What is typed is asked for when the fingers rest. */
const TYPING_MS = 250

const SINCE: readonly (readonly [string, string])[] = [
  ['', 'Any time'],
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['24h', 'Last day'],
  ['7d', 'Last week']
]

export function StateChoice({ filter, onFilter }: FilterProps): JSX.Element {
  const counts = overview.value?.jobs
  return (
    <div class="state-choice" role="group" aria-label="State">
      <button
        type="button"
        class="button small quiet"
        aria-pressed={filter.state === undefined}
        onClick={() => onFilter({ ...filter, state: undefined })}
      >
        All
      </button>
      {JOB_STATES.map((state) => {
        const { icon, tone, word } = lookOf(state)
        return (
          <button
            key={state}
            type="button"
            class="button small quiet"
            data-tone={tone}
            aria-pressed={filter.state === state}
            onClick={() => onFilter({ ...filter, state })}
          >
            <Icon name={icon} /> {word}
            {counts !== undefined && <span class="count">{formatCount(counts[state] ?? 0)}</span>}
          </button>
        )
      })}
    </div>
  )
}

export function FilterFields({ filter, onFilter }: FilterProps): JSX.Element {
  const typed = (change: Partial<JobFilter>): void => onFilter({ ...filter, ...change })
  return (
    <div class="filter-fields">
      <TypedInput
        type="search"
        label="Search jobs by name or id"
        placeholder="Search name or id"
        value={filter.q}
        onValue={(q) => typed({ q })}
      />
      <TypedInput
        type="text"
        label="Label, as key=value"
        placeholder="Label, as team=media"
        value={filter.label}
        onValue={(label) => typed({ label })}
      />
      <TypedInput
        type="text"
        label="Submitter"
        placeholder="Submitter"
        value={filter.submitter}
        onValue={(submitter) => typed({ submitter })}
      />
      <select
        class="input"
        aria-label="Submitted"
        value={filter.since}
        onChange={({ currentTarget }) => typed({ since: currentTarget.value })}
      >
        {SINCE.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

interface TypedInputProps {
  type: 'search' | 'text'
  label: string
  placeholder: string
  value: string
  onValue: (value: string) => void
}

function TypedInput({ label, onValue, placeholder, type, value }: TypedInputProps): JSX.Element {
  const [text, setText] = useState(value)
  // By the time that the fingers rest, another field may have changed the filter.
  const tell = useRef(onValue)
  tell.current = onValue
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => tell.current(text.trim()), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <input
      class="input"
      type={type}
      aria-label={label}
      placeholder={placeholder}
      maxLength={100}
      spellcheck={false}
      value={text}
      onInput={({ currentTarget }) => setText(currentTarget.value)}
    />
  )
}
