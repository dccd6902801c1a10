/** Copying: a button that says that it did. */
import { useState } from 'preact/hooks'
import { Icon } from './icons.tsx'
import type { JSX } from 'preact'

const COPIED_MS = 1_500

/** @returns whether something was copied just now, and what copies */
export function useCopy(): [isCopied: boolean, copy: (text: string) => void] {
  const [isCopied, setCopied] = useState(false)
  const copy = async (text: string): Promise<void> => {
    await writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), COPIED_MS)
  }
  return [isCopied, (text) => void copy(text)]
}

interface CopyProps {
  value: () => string
  /** What is copied, where more than one thing can be. */
  label?: string
}

export function CopyButton({ label = 'Copy', value }: CopyProps): JSX.Element {
  const [isCopied, copy] = useCopy()
  return (
    <button
      type="button"
      class="button small"
      aria-label={label}
      title={label}
      onClick={() => copy(value())}
    >
      <Icon name={isCopied ? 'completed' : 'copy'} /> {isCopied ? 'Copied' : 'Copy'}
    </button>
  )
}

async function writeText(text: string): Promise<void> {
  // Browsers have it for https and loopback alone.
  if (window.isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  // In the dialog that is open, if one is: nothing beside it can be selected.
  ;(document.querySelector('dialog[open]') ?? document.body).append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
