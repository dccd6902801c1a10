/**
 * Reads one node's list of files into the catalogue, page by page, and then only what has changed since. Where
 * the list begins anew, what is not in it any more is withdrawn once all of it is read.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { readFileId } from '../model/file-id.ts'
import { toSafeName } from '../model/safe-name.ts'
import type { FileCatalogue, Offer } from './file-catalogue.ts'
import type {
  FileCursor,
  ListFilesParams,
  ListFilesResult
} from '../model/generated/commands-list-files.ts'

/** One that has so many entries is not read to its end: it is made to keep us busy. */
const READ_MAX = 4 * LIMITS.offersPerPeerMax

export class OfferReader {
  readonly #catalogue: FileCatalogue
  readonly #peer: string
  #cursor: FileCursor | undefined
  /** While a whole list is read: what was known before, and has not been named yet. */
  #unnamed: Set<string> | undefined
  #isBetweenPages = false
  /** Entries of the pages since the last end. */
  #readCount = 0

  constructor(catalogue: FileCatalogue, peer: string) {
    this.#catalogue = catalogue
    this.#peer = peer
  }

  /** What to ask for next. */
  get params(): ListFilesParams {
    return this.#cursor === undefined ? {} : { since: this.#cursor }
  }

  /** Whether a list with that last change holds nothing new. */
  isAt({ revision, run }: Pick<FileCursor, 'revision' | 'run'>): boolean {
    const cursor = this.#cursor
    return !this.#isBetweenPages && cursor?.run === run && cursor.revision >= revision
  }

  /**
   * Takes the answer to `params`.
   * @returns whether there are more pages
   * @throws MeshError RESPONSE_INVALID for a page that leads nowhere
   */
  take(page: ListFilesResult): boolean {
    const { files, gone = [], has_more: hasMore = false, next } = page
    const count = files.length + gone.length
    const isWhole = this.#cursor === undefined || page.is_restart === true
    // To begin anew costs as much as to read what is known.
    const cost = isWhole ? count + this.#catalogue.filesOf(this.#peer).size : count
    this.#readCount = hasMore ? this.#readCount + cost : 0
    if (hasMore && (next === undefined || count === 0 || this.#readCount > READ_MAX)) {
      throw new MeshError('RESPONSE_INVALID', 'a list of files goes on without end')
    }
    if (isWhole) {
      this.#unnamed = new Set(this.#catalogue.filesOf(this.#peer))
    }
    for (const file of files) {
      const offer = toOffer(file)
      this.#unnamed?.delete(offer.id)
      this.#catalogue.offered(this.#peer, offer)
    }
    for (const hash of gone) this.#withdraw(readFileId(hash, 'result.gone'))
    this.#cursor = next
    this.#isBetweenPages = hasMore
    if (!hasMore) this.#endList()
    return hasMore
  }

  #endList(): void {
    for (const id of this.#unnamed ?? []) this.#catalogue.withdrawn(this.#peer, id)
    this.#unnamed = undefined
  }

  #withdraw(id: string): void {
    this.#unnamed?.delete(id)
    this.#catalogue.withdrawn(this.#peer, id)
  }
}

function toOffer(file: ListFilesResult['files'][number]): Offer {
  return {
    id: readFileId(file.file_hash, 'result.files'),
    name: toSafeName(file.name),
    sizeBytes: file.size,
    isPinned: file.pinned === true,
    keptFor: file.kept_for ?? []
  }
}
