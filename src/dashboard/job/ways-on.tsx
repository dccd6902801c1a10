/** What stands below an item or an attempt that is looked at: where its log and its placement are, and the way back. */
import { Link } from 'wouter-preact'
import type { JSX } from 'preact'

interface WaysOnProps {
  jobId: string
  item: string
  /** @default the newest */
  attempt?: number
  onClose: () => void
}

export function WaysOn({ attempt, item, jobId, onClose }: WaysOnProps): JSX.Element {
  const which = `?item=${encodeURIComponent(item)}${attempt === undefined ? '' : `&attempt=${attempt}`}`
  return (
    <div class="actions">
      <Link class="button" href={`/jobs/${jobId}/logs${which}`}>
        Logs
      </Link>
      <Link class="button" href={`/jobs/${jobId}/placement${which}`}>
        Placement
      </Link>
      <button type="button" class="button main" onClick={onClose}>
        Close
      </button>
    </div>
  )
}
