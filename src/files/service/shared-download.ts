/** One download for all who wait for the same file: it begins with the first of them and ends with the last. */
import { Download } from '../transfer/download.ts'
import { SharedWork } from '../../core/shared-work.ts'
import type { DownloadComponents, DownloadInit } from '../transfer/download.ts'
import type { FileEntry } from '../store/file-entry.ts'

export interface SharedDownloadInit extends DownloadInit {
  /** It begins only then: an earlier one of the same file is still putting its part away. */
  after?: Promise<void> | undefined
  onEnded: () => void
}

export class SharedDownload extends SharedWork<FileEntry> {
  readonly download: Download

  constructor(
    components: DownloadComponents,
    id: string,
    { after, onEnded, ...init }: SharedDownloadInit
  ) {
    const download = new Download(components, id, init)
    super(async (signal) => {
      await after
      return await download.run({ signal }).finally(onEnded)
    })
    this.download = download
  }
}
