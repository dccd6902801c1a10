/** The field by which a page's things are found; `/` leads to it. */
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icons.tsx'
import type { JSX } from 'preact'

interface FinderProps {
  label: string
  placeholder: string
  value: string
  onValue: (value: string) => void
  /** What is asked of the server waits until the fingers rest. @default 0 */
  restMs?: number
}

export function Finder(props: FinderProps): JSX.Element {
  const { label, onValue, placeholder, restMs = 0, value } = props
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (restMs === 0 || text === value) return
    const timer = setTimeout(() => onValue(text), restMs)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div class="finder">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        aria-label={label}
        placeholder={placeholder}
        maxLength={200}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          if (restMs === 0) onValue(currentTarget.value)
        }}
      />
    </div>
  )
}
