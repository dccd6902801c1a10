/**
 * Parts that are whole become blobs, many at once: while the disk is busy with some, the next gather, and all of
 * them reach it with one sync of each folder and one change of the index. There is never a blob that is not whole.
 */
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deferred } from '../../core/abort.ts'
import { syncFolder } from './file-moves.ts'
import { toStoreError } from './disk-errors.ts'
import type { FileIndex } from './file-index.ts'
import type { OpenFiles } from './open-files.ts'
import type { OwnPlaces } from './own-places.ts'

export interface BlobCommitsComponents {
  index: Pick<FileIndex, 'completeParts'>
  openFiles: Pick<OpenFiles, 'close'>
  own: OwnPlaces
}

interface Commit {
  id: string
  done: PromiseWithResolvers<void>
}

export class BlobCommits {
  readonly #components: BlobCommitsComponents
  #waiting: Commit[] = []
  #isBusy = false

  constructor(components: BlobCommitsComponents) {
    this.#components = components
  }

  /** A part whose bytes the disk has. @throws MeshError STORE_FULL or STORE_FAILED */
  async commit(id: string): Promise<void> {
    const done = deferred<void>()
    this.#waiting.push({ id, done })
    if (!this.#isBusy) void this.#work()
    await done.promise
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- those who come meanwhile are the next batch
      await this.#commitAll(this.#waiting.splice(0))
    }
    this.#isBusy = false
  }

  /** Never rejects: each hears what became of his own. */
  async #commitAll(batch: readonly Commit[]): Promise<void> {
    const { index, own } = this.#components
    const moved: Commit[] = []
    await Promise.all(
      batch.map((commit) =>
        this.#move(commit.id).then(() => void moved.push(commit), commit.done.reject)
      )
    )
    const ids = moved.map(({ id }) => id)
    try {
      await Promise.all([...new Set(ids.map((id) => dirname(own.blob(id))))].map(syncFolder))
      index.completeParts(ids)
      for (const { done } of moved) done.resolve()
    } catch (cause) {
      for (const { done } of moved) done.reject(toStoreError(cause, own.folder))
    }
  }

  async #move(id: string): Promise<void> {
    const { openFiles, own } = this.#components
    const part = own.part(id)
    const blob = own.blob(id)
    try {
      await openFiles.close(part)
      await mkdir(dirname(blob), { recursive: true, mode: 0o700 })
      await rename(part, blob)
      // Whoever opened it in between holds what is no longer there.
      await openFiles.close(part)
    } catch (cause) {
      throw toStoreError(cause, blob)
    }
  }
}
