/** A button that saves what is shown as a file. */
import { Icon } from './icons.tsx'
import type { JSX } from 'preact'

interface SaveProps {
  name: string
  /** A text as it is, anything else as JSON. */
  value: () => unknown
  text?: string
}

export function SaveButton({ name, text = 'Download', value }: SaveProps): JSX.Element {
  return (
    <button type="button" class="button small" onClick={() => saveAs(name, value())}>
      <Icon name="download" /> {text}
    </button>
  )
}

function saveAs(name: string, value: unknown): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  const url = URL.createObjectURL(new Blob([text]))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
