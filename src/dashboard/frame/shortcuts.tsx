/** Keys of the whole dashboard, and the list of all keys that `?` shows. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Dialog } from '../parts/dialogs.tsx'
import { nextTheme } from '../data/theme.ts'
import { placesNow } from './places.ts'
import type { JSX } from 'preact'

export const isHelpOpen = signal(false)

/** Besides those that lead to a page. */
const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['/'], 'Search on this page'],
  [['n'], 'New job'],
  [['↑', '↓'], 'Choose a row of a table'],
  [['Enter'], 'Open the chosen row'],
  [['←', '→'], 'Next tab, where a tab has the focus'],
  [['t'], 'Dark, light, as the system'],
  [['?'], 'This list']
]

/** Between `g` and its second key. */
const CHORD_MS = 1_200

export function Shortcuts(): JSX.Element | null {
  const [, navigate] = useLocation()
  useEffect(() => {
    let chordUntil = 0
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const place =
        event.timeStamp < chordUntil ? placesNow().find(({ key }) => key === event.key) : undefined
      chordUntil = event.key === 'g' ? event.timeStamp + CHORD_MS : 0
      if (place !== undefined) navigate(place.href)
      else if (event.key === '?') isHelpOpen.value = true
      else if (event.key === 't') nextTheme()
      else if (event.key === 'n') navigate('/jobs/new')
      else if (event.key === '/') focusSearch(event)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [navigate])
  if (!isHelpOpen.value) return null
  const close = (): void => void (isHelpOpen.value = false)
  return (
    <Dialog label="Keyboard shortcuts" onClose={close}>
      <div class="inside">
        <h2>Keyboard</h2>
        <dl class="facts">
          {[...placesNow().map(({ key, name }) => [['g', key], name] as const), ...KEYS].map(
            ([keys, does]) => [
              <dt key={does} class="row">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>,
              <dd key={`${does}=`}>{does}</dd>
            ]
          )}
        </dl>
        <div class="actions">
          <button type="button" class="button" onClick={close}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}

/** The page's own search, whichever it is. */
function focusSearch(event: KeyboardEvent): void {
  const search = document.querySelector<HTMLInputElement>('input[type=search]')
  if (search === null) return
  event.preventDefault()
  search.focus()
  search.select()
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, dialog') !== null
}
