/** The files that the namespace offers: who has how many copies, and what is on its way here. */
import { useState } from 'preact/hooks'
import { Link, useLocation, useSearchParams } from 'wouter-preact'
import { ActAsButton } from '../frame/router-access.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { FileName, LocalCopy, shortFile } from './cells.tsx'
import { Finder } from '../parts/finder.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { TransferList } from './transfer-list.tsx'
import { UploadButton } from './upload-button.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { formatBytes, formatCount, plural } from '../data/formats.ts'
import { overview } from '../data/live.ts'
import { useFiles } from './file-list.ts'
import { useIsNarrow } from '../parts/use-is-narrow.ts'
import type { Column } from '../parts/table-columns.ts'
import type { FileListing } from './file-list.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { JSX } from 'preact'

const TYPING_MS = 250
const CARD_HEIGHT = 72

const COLUMNS: readonly Column<FileView>[] = [
  {
    key: 'name',
    title: 'Name',
    widthPx: 180,
    grow: 3,
    cell: (file) => (
      <Link href={`/files/${file.id}`}>
        <FileName file={file} />
      </Link>
    )
  },
  { key: 'size', title: 'Size', widthPx: 86, isEnd: true, cell: ({ size }) => formatBytes(size) },
  {
    key: 'holders',
    title: 'Holders',
    widthPx: 64,
    rank: 2,
    isEnd: true,
    cell: ({ holders }) => formatCount(holders)
  },
  {
    key: 'copy',
    title: 'At this router',
    widthPx: 132,
    grow: 1,
    cell: (file) => <LocalCopy file={file} />
  },
  {
    key: 'id',
    title: 'Id',
    widthPx: 116,
    rank: 4,
    cell: ({ id }) => (
      <code class="faint" title={id}>
        {shortFile(id)}
      </code>
    )
  }
]

const CARDS: readonly Column<FileView>[] = [
  {
    key: 'card',
    title: 'Files',
    widthPx: 200,
    grow: 1,
    cell: (file) => (
      <div class="file-card">
        <Link href={`/files/${file.id}`}>
          <FileName file={file} />
        </Link>
        <div class="row soft">
          <span>
            {formatBytes(file.size)}, {plural(file.holders, 'holder')}
          </span>
          <LocalCopy file={file} />
        </div>
      </div>
    )
  }
]

export function FilesPage(): JSX.Element {
  const [search, setSearch] = useSearchParams()
  const name = search.get('q') ?? ''
  const listing = useFiles(name)
  const files = overview.value?.files
  return (
    <>
      <PageHeader
        title="Files"
        note={
          files &&
          `${plural(files.known, 'file')} in the namespace, ${formatBytes(files.bytes_stored)} stored here`
        }
      >
        <UploadButton />
        <ActAsButton needs="submit" />
      </PageHeader>
      <Finder
        label="Find files"
        placeholder="Part of a name"
        value={name}
        onValue={(text) => setSearch(text === '' ? {} : { q: text }, { replace: true })}
        restMs={TYPING_MS}
      />
      <TransferList />
      {listing.rows !== undefined ? (
        <FileTable listing={listing} rows={listing.rows} hasQuery={name !== ''} />
      ) : listing.cause === undefined ? (
        <Skeleton lines={10} />
      ) : (
        <Failure cause={listing.cause} retry={listing.reload} />
      )}
    </>
  )
}

interface FileTableProps {
  listing: FileListing
  rows: readonly FileView[]
  hasQuery: boolean
}

function FileTable({ hasQuery, listing, rows }: FileTableProps): JSX.Element {
  const [, navigate] = useLocation()
  const [chosen, setChosen] = useState<string | undefined>()
  const isNarrow = useIsNarrow()
  return (
    <VirtualTable
      key={String(isNarrow)}
      label="Files"
      columns={isNarrow ? CARDS : COLUMNS}
      rows={rows}
      keyOf={({ id }) => id}
      onOpen={({ id }) => navigate(`/files/${id}`)}
      chosen={chosen}
      onChoose={setChosen}
      onEnd={listing.more}
      empty={<NoFiles hasQuery={hasQuery} />}
      foot={`${plural(rows.length, 'file')}${listing.hasMore ? ', and more' : ''}`}
      {...(isNarrow && { rowHeight: CARD_HEIGHT })}
    />
  )
}

function NoFiles({ hasQuery }: { hasQuery: boolean }): JSX.Element {
  if (hasQuery) return <Empty icon="search" title="No file has that in its name" />
  return (
    <Empty icon="files" title="No files yet">
      <p>
        Offer a folder with <code>taskmesh share FOLDER</code>, or hand one in with{' '}
        <code>taskmesh files add FILE</code>.
      </p>
    </Empty>
  )
}
