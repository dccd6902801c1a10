/** How one thing of a file is shown, in the table as on its page. */
import { Badge, Bar } from '../parts/basics.tsx'
import { Icon } from '../parts/icons.tsx'
import { formatBytes, formatShare, formatSpan } from '../data/formats.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { JSX } from 'preact'

/** The router's own copy. */
export function LocalCopy({ file }: { file: FileView }): JSX.Element {
  if (isMoving(file)) return <TransferBar file={file} />
  if (file.progress?.error !== undefined) {
    return (
      <Badge tone="bad" icon="failed">
        not fetched
      </Badge>
    )
  }
  switch (file.state) {
    case 'complete':
      return (
        <Badge tone="good" icon="completed">
          here
        </Badge>
      )
    case 'part':
      return (
        <Badge tone="wait" icon="held">
          a part of it
        </Badge>
      )
    case 'remote':
      return <span class="faint">elsewhere</span>
  }
}

export function isMoving({ progress, state }: FileView): boolean {
  return progress !== undefined && progress.error === undefined && state !== 'complete'
}

/** How far a fetch is, how fast it goes, and how long it will take. */
export function TransferBar({ file, isLong }: { file: FileView; isLong?: boolean }): JSX.Element {
  const { bytes, bytes_per_second, eta_ms, peers, size = file.size } = file.progress ?? { bytes: 0 }
  const ratio = size === 0 ? 0 : bytes / size
  const said = [
    `${formatBytes(bytes)} of ${formatBytes(size)}`,
    ...(bytes_per_second === undefined ? [] : [`${formatBytes(bytes_per_second)}/s`]),
    ...(eta_ms === undefined ? [] : [`${formatSpan(eta_ms)} left`]),
    ...(peers === undefined ? [] : [`from ${peers} ${peers === 1 ? 'peer' : 'peers'}`])
  ]
  return (
    <span class={isLong ? 'meter long' : 'meter'}>
      <Bar parts={[{ tone: 'run', ratio }]} text={said.join(', ')} />
      <span class="nowrap" aria-hidden="true">
        {isLong ? said.join(', ') : formatShare(ratio)}
      </span>
    </span>
  )
}

export function FileName({ file }: { file: FileView }): JSX.Element {
  const isFolder = file.entry_count !== undefined
  return (
    <span class="row tight nowrap">
      <Icon name={isFolder ? 'folder' : 'files'} />
      <span class="cut">{file.name}</span>
      {isFolder && <span class="heard">folder</span>}
      {file.pinned && <Pinned />}
    </span>
  )
}

function Pinned(): JSX.Element {
  return (
    <span class="pinned" title="Pinned: this copy never goes to make room">
      <Icon name="pin" />
      <span class="heard">pinned</span>
    </span>
  )
}

/** `sha256:` is the same for all. */
export function shortFile(id: string): string {
  return id.replace('sha256:', '').slice(0, 12)
}
