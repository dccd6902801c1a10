/** What may be done with a file here: fetch it, keep it, look whether it is right, save it, delete it. */
import { ask, attempt, say } from '../parts/dialogs.tsx'
import { Icon } from '../parts/icons.tsx'
import { formatBytes } from '../data/formats.ts'
import { getBlob, post, remove } from '../data/api.ts'
import { isMoving } from './cells.tsx'
import { may } from '../data/live.ts'
import type { FileCheck } from '../../model/generated/api-file-check.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { JSX } from 'preact'

/** What a page takes into its memory to save it; larger ones are for the command line. */
export const SAVED_BYTES_MAX = 64 * 2 ** 20

const UNTIL = [
  ['', 'until it is unpinned'],
  ['1d', 'for a day'],
  ['7d', 'for a week'],
  ['30d', 'for 30 days']
] as const

interface ActionsProps {
  file: FileView
  /** To be read anew. */
  onDone: () => void
}

export function FileActions({ file, onDone }: ActionsProps): JSX.Element {
  const isHere = file.state === 'complete'
  const run = (act: (file: FileView) => Promise<unknown>) => () => void act(file).then(onDone)
  return (
    <>
      {file.entry_count === undefined && file.size <= SAVED_BYTES_MAX && (
        <button type="button" class="button" onClick={run(save)}>
          <Icon name="download" /> Save
        </button>
      )}
      {may('submit') && !isHere && !isMoving(file) && (
        <button type="button" class="button" onClick={run(fetchHere)}>
          Fetch
        </button>
      )}
      {may('submit') && isHere && (
        <button type="button" class="button" onClick={run(verify)}>
          Verify
        </button>
      )}
      {may('submit') && isHere && !file.pinned && (
        <button type="button" class="button" onClick={run(pin)}>
          <Icon name="pin" /> Pin…
        </button>
      )}
      {may('operate') && file.pinned && (
        <button type="button" class="button" onClick={run(unpin)}>
          Unpin
        </button>
      )}
      {may('operate') && file.state !== 'remote' && (
        <button type="button" class="button danger" onClick={run(removeHere)}>
          Delete here…
        </button>
      )}
    </>
  )
}

function fetchHere({ id, name }: FileView): Promise<unknown> {
  return attempt(() => post(`/files/${id}/fetch`), `${name} is being fetched`)
}

async function pin({ id, name }: FileView): Promise<void> {
  const answer = await ask({
    title: `Pin ${name}?`,
    body: "This router's copy does not go to make room for others.",
    action: 'Pin',
    choice: { name: 'It stays', options: UNTIL }
  })
  if (answer === undefined) return
  const request = answer.choice === '' ? {} : { until: answer.choice }
  await attempt(() => post(`/files/${id}/pin`, request), `${name} is pinned`)
}

function unpin({ id, name }: FileView): Promise<unknown> {
  return attempt(() => remove(`/files/${id}/pin`), `${name} is not pinned any more`)
}

async function verify({ id, name }: FileView): Promise<void> {
  say(`Reading ${name} anew`, 'quiet')
  await attempt(async () => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each look waits for the one before it
      const check = await post<FileCheck>(`/files/${id}/verify`)
      if (check.outcome === 'wrong') {
        say(`${name} was not what it should be, and is no longer offered`, 'bad')
        return
      }
      if (check.outcome === 'right') {
        say(`${name} is right: ${formatBytes(check.bytes)} read`)
        return
      }
    }
  }, 'Verified')
}

async function removeHere({ id, name }: FileView): Promise<void> {
  const answer = await ask({
    title: `Delete ${name} here?`,
    body: "This router's copy is deleted. Others who have the file keep theirs; without any it is gone.",
    action: 'Delete here',
    isDangerous: true
  })
  if (answer === undefined) return
  await attempt(() => remove(`/files/${id}`), `${name} is deleted here`)
}

async function save({ id, name }: FileView): Promise<void> {
  await attempt(async () => {
    const address = URL.createObjectURL(await getBlob(`/files/${id}/content`))
    const link = document.createElement('a')
    link.href = address
    link.download = name
    link.click()
    // The browser has it by then.
    setTimeout(() => URL.revokeObjectURL(address), 60_000)
  }, `${name} is saved`)
}
