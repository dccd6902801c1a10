/** One download for all who wait for the same file: it begins with the first of them and ends with the last. */
import { Download } from '../transfer/download.ts'
import { unlessAborted } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { DownloadComponents, DownloadInit } from '../transfer/download.ts'
import type { FileEntry } from '../store/file-index.ts'

export interface SharedDownloadInit extends DownloadInit {
  onEnded: () => void
}

export class SharedDownload {
  readonly download: Download
  readonly controller = new AbortController()
  /** Settles as the download does. */
  readonly entry: Promise<FileEntry>
  #waitingCount = 0

  constructor(components: DownloadComponents, id: string, init: SharedDownloadInit) {
    this.download = new Download(components, id, init)
    this.entry = this.download.run({ signal: this.controller.signal }).finally(init.onEnded)
    this.entry.catch(() => {})
  }

  /** Waits for the file. @throws as `Download.run`; the signal's reason */
  async join(options: AbortOptions): Promise<FileEntry> {
    this.#waitingCount += 1
    try {
      return await unlessAborted(this.entry, options)
    } finally {
      this.#waitingCount -= 1
      if (this.#waitingCount === 0) this.controller.abort(options.signal?.reason)
    }
  }
}
