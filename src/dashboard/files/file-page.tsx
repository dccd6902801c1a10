/** One file: what it is, who has it, how fetching it goes, who wants it kept, what is in a folder. */
import { useEffect } from 'preact/hooks'
import { Link, useParams } from 'wouter-preact'
import { ActAsButton } from '../frame/router-access.tsx'
import { Ago, Card, CopyId, Facts, PageHeader } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { FileActions, SAVED_BYTES_MAX } from './file-actions.tsx'
import { FileName, LocalCopy, TransferBar, isMoving, shortFile } from './cells.tsx'
import { FolderEntries } from './folder-entries.tsx'
import { formatBytes, formatCount, formatMoment, plural, shortPeer } from '../data/formats.ts'
import { MeshError, isErrorCode } from '../../core/errors.ts'
import { get } from '../data/api.ts'
import { nameOf } from '../workers/worker-names.ts'
import { transfers } from '../data/live.ts'
import { useLoad } from '../data/use-load.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { JSX } from 'preact'

/** As often as news come. */
const UNTOLD_MS = 1_000
const BACK = { href: '/files', text: 'Files' }

export function FilePage(): JSX.Element {
  const { id = '' } = useParams()
  const { cause, reload, value } = useLoad(`file ${id}`, (signal) =>
    get<FileView>(`/files/${encodeURIComponent(id)}`, { signal })
  )
  const live = transfers.value.find((file) => file.id === value?.id)
  // It came, or it was given up: the whole of it is read anew.
  useEffect(reload, [live === undefined])
  // What is fetched in a moment may come and go between two news, so that none tells of it.
  const isUntold = live === undefined && value !== undefined && isMoving(value)
  useEffect(() => {
    if (!isUntold) return
    const timer = setTimeout(reload, UNTOLD_MS)
    return () => clearTimeout(timer)
  }, [isUntold, value])
  if (value === undefined) {
    return (
      <>
        <PageHeader title="File" back={BACK} />
        {cause === undefined ? <Skeleton /> : <Failure cause={cause} retry={reload} />}
      </>
    )
  }
  const file = { ...value, ...live }
  return (
    <>
      <PageHeader
        title={file.name}
        heading={<FileName file={file} />}
        back={BACK}
        note={formatBytes(file.size)}
      >
        <FileActions file={file} onDone={reload} />
        <ActAsButton needs="operate" />
      </PageHeader>
      {isMoving(file) && (
        <Card title="On its way here">
          <TransferBar file={file} isLong />
        </Card>
      )}
      {file.progress?.error !== undefined && <Failure cause={failureOf(file.progress.error)} />}
      <div class="cards">
        <AboutFile file={file} />
        <Holders file={file} />
        <Keep file={file} />
      </div>
      {file.entry_count !== undefined && <FolderEntries id={file.id} />}
    </>
  )
}

/** Why it was given up, as an error. */
function failureOf(error: NonNullable<NonNullable<FileView['progress']>['error']>): MeshError {
  const { code, hint, message } = error
  const known = isErrorCode(code) ? code : 'INTERNAL'
  return new MeshError(known, message, hint === undefined ? {} : { hint })
}

function AboutFile({ file }: { file: FileView }): JSX.Element {
  const { entry_count, kept_for, kept_until, link, piece_count, piece_size } = file
  return (
    <Card title="File">
      <Facts
        rows={[
          ['Id', <CopyId key="id" id={file.id} short={shortFile(file.id)} what="file id" />],
          ['Size', `${formatBytes(file.size)} (${formatCount(file.size)} bytes)`],
          ['Files in it', entry_count === undefined ? undefined : formatCount(entry_count)],
          [
            'Pieces',
            piece_count === undefined
              ? undefined
              : `${formatCount(piece_count)} of ${formatBytes(piece_size ?? 0)}`
          ],
          ['At this router', <LocalCopy key="copy" file={file} />],
          ['Pinned', file.pinned ? 'yes' : 'no'],
          [
            'Kept until',
            kept_until === undefined ? undefined : `${formatMoment(kept_until)}${forText(kept_for)}`
          ],
          ['Link', link === undefined ? undefined : <CopyId key="link" id={link} what="link" />]
        ]}
      />
      {file.size > SAVED_BYTES_MAX && (
        <p class="soft">
          Too large to be saved from here: <code>taskmesh files get {shortFile(file.id)}</code>
        </p>
      )}
    </Card>
  )
}

function forText(keptFor: string | undefined): string {
  return keptFor === undefined ? '' : `, for ${keptFor}`
}

function Holders({ file }: { file: FileView }): JSX.Element {
  const holders = file.held_by ?? []
  return (
    <Card title={plural(file.holders, 'holder')}>
      {holders.length === 0 ? (
        <Empty icon="files" title="Nobody is known to have all of it" />
      ) : (
        <ul class="holders">
          {holders.map(({ peer_id, pinned, role }) => (
            <li key={peer_id}>
              {role === 'worker' ? (
                <Link class="cut" href={`/workers/${peer_id}`}>
                  {nameOf(peer_id)}
                </Link>
              ) : (
                <span class="cut">{nameOf(peer_id)}</span>
              )}
              <span class="soft">
                {role ?? 'node'}
                {pinned && ', pinned'}
              </span>
            </li>
          ))}
        </ul>
      )}
      {file.holders > holders.length && holders.length > 0 && (
        <p class="faint">and {formatCount(file.holders - holders.length)} more</p>
      )}
    </Card>
  )
}

function Keep({ file }: { file: FileView }): JSX.Element | null {
  if (file.keep === undefined || file.keep.length === 0) return null
  return (
    <Card title="Kept on workers">
      <ul class="holders">
        {file.keep.map(({ copies, copies_there, job_id, until }) => (
          <li key={job_id}>
            <Link class="cut" href={`/jobs/${job_id}`}>
              {shortPeer(job_id)}
            </Link>
            <span class="soft">
              {copies_there === undefined ? '' : `${copies_there} of `}
              {plural(copies, 'copy').replace('copys', 'copies')}, <Ago atMs={until} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
