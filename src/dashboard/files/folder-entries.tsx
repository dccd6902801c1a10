/** What is in a folder: paths, sizes, and each file's own page. */
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Card } from '../parts/basics.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { formatBytes } from '../data/formats.ts'
import { getRows } from '../data/api.ts'
import { useLoad } from '../data/use-load.ts'
import type { FolderEntry } from '../../files/content/folder-manifest.ts'
import type { JSX } from 'preact'

const PAGE_ROWS = 100

export function FolderEntries({ id }: { id: string }): JSX.Element {
  // Where each page but the first begins: one at a time is shown.
  const [starts, setStarts] = useState<readonly string[]>([])
  const after = starts.at(-1)
  const { cause, reload, value } = useLoad(`entries ${id} ${after ?? ''}`, (signal) =>
    getRows<FolderEntry>(`/files/${id}/entries`, { query: { limit: PAGE_ROWS, after }, signal })
  )
  return (
    <Card
      title="In this folder"
      aside={
        <span class="row">
          {starts.length > 0 && (
            <button
              type="button"
              class="button small"
              onClick={() => setStarts(starts.slice(0, -1))}
            >
              Before
            </button>
          )}
          {value?.next !== undefined && (
            <button
              type="button"
              class="button small"
              onClick={() => setStarts([...starts, value.next as string])}
            >
              Next {PAGE_ROWS}
            </button>
          )}
        </span>
      }
    >
      {value === undefined ? (
        cause === undefined ? (
          <Skeleton />
        ) : (
          <Failure cause={cause} retry={reload} />
        )
      ) : (
        <ul class="holders">
          {value.rows.map((entry) => (
            <li key={entry.path}>
              <Link class="cut" href={`/files/${entry.id}`}>
                {entry.path}
              </Link>
              <span class="soft">{formatBytes(entry.size)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
