/** Files that stay because somebody who holds the API's token wants that; folders with all that is in them and here. */
import { folderContents } from './folder-contents.ts'
import type { FileLibrary } from '../store/library.ts'

type PinnedLibrary = Pick<FileLibrary, 'get' | 'keep' | 'keptUntil' | 'letGo' | 'pin' | 'readPiece'>

/** As jobs that came in through the API are said to be of. */
const KEPT_FOR = 'http'
/** So many are pinned before others get their turn. */
const PINNED_AT_ONCE = 256

export class PinnedFiles {
  readonly #library: PinnedLibrary

  constructor(library: PinnedLibrary) {
    this.#library = library
  }

  /** @param untilMs `Infinity` for ever; an earlier moment than was said before changes nothing, as 0 does */
  keep(id: string, untilMs: number): void {
    const library = this.#library
    if (untilMs === Infinity) library.pin(id)
    else if (untilMs > (library.keptUntil(id, KEPT_FOR) ?? 0)) {
      library.keep(id, { keptFor: KEPT_FOR, untilMs })
    }
  }

  async keepAll(id: string, untilMs: number): Promise<void> {
    await this.#each(id, (each) => this.keep(each, untilMs))
  }

  async letGoAll(id: string): Promise<void> {
    const library = this.#library
    await this.#each(id, (each) => {
      library.pin(each, false)
      library.letGo(each, KEPT_FOR)
    })
  }

  async #each(id: string, work: (id: string) => void): Promise<void> {
    const library = this.#library
    const isWhole = library.get(id)?.isComplete === true
    const entries = isWhole ? ((await folderContents(library, id)) ?? []) : []
    const ids = new Set([id, ...entries.map((entry) => entry.id)])
    let count = 0
    for (const each of ids) {
      if (library.get(each) !== undefined) work(each)
      count += 1
      if (count % PINNED_AT_ONCE > 0) continue
      // oxlint-disable-next-line no-await-in-loop -- the disk is written to with each
      await new Promise<void>((resolve) => void setImmediate(resolve))
    }
  }
}
