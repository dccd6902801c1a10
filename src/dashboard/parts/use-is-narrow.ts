/** Whether the page is as narrow as a phone's: then tables become cards. */
import { signal } from '@preact/signals'

/** As in style/frame.css. */
const query = matchMedia('(max-width: 760px)')
const isNarrow = signal(query.matches)
query.addEventListener('change', () => (isNarrow.value = query.matches))

export function useIsNarrow(): boolean {
  return isNarrow.value
}
