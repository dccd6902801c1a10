/** By what a job, an item or an attempt failed: its words, its code, who is blamed, what to do. */
import { Icon } from '../parts/icons.tsx'
import type { ErrorDocument } from '../../model/generated/api-job.ts'
import type { JSX } from 'preact'

export function TaskError({ error }: { error: ErrorDocument }): JSX.Element {
  const { blame, code, hint, message, task_code } = error
  return (
    <div class="problem" data-tone="bad">
      <Icon name="failed" />
      <div>
        <strong>{message}</strong>
        {hint !== undefined && <span>{hint}</span>}
        <span class="soft">
          <code>{code}</code>
          {task_code !== undefined && ` · ${task_code}`}
          {blame !== undefined && ` · blamed: ${blame}`}
        </span>
      </div>
    </div>
  )
}
