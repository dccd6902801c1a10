/** What a share node says of its folders while it runs: how far their hashing is, what is offered, the links to it. */
import { printable } from '../core/plain-text.ts'
import { formatBytes } from '../core/units.ts'
import { messageOf } from '../core/errors.ts'
import { deferred } from '../core/abort.ts'
import { formatFileLink } from '../model/file-link.ts'
import { plural } from './render.ts'
import { renderAmounts } from './byte-amounts.ts'
import { systemClock } from '../core/clock.ts'
import type { FileEntry } from '../files/store/file-index.ts'
import type { Output } from './output.ts'
import type { RunningShare } from '../roles/share.ts'
import type { ScanProgress, ScanReport } from '../files/store/share-folder.ts'

export interface SharingNewsInit {
  /** Says the link of each file as well. */
  hasLinks: boolean
}

/** What is known of one folder. */
interface Told {
  beganAtMs: number
  saidAtMs: number
  fileCount: number
  link: string | undefined
}

/** A line this often at most; log lines come between. */
const LINE_PERIOD_MS = 2_000
/** Of what cannot be offered. */
const PROBLEMS_SHOWN = 10

export class SharingNews {
  readonly #output: Output
  readonly #init: SharingNewsInit
  /** Nothing is said of files before the node itself is. */
  readonly #node = deferred<RunningShare>()
  readonly #folders = new Map<string, Told>()

  constructor(output: Output, init: SharingNewsInit) {
    this.#output = output
    this.#init = init
  }

  /** To be called when it has been said that the node is ready. */
  begin(node: RunningShare): void {
    this.#node.resolve(node)
    if (this.#init.hasLinks) this.#followFiles(node)
  }

  onProgress(progress: ScanProgress, folder: string): void {
    const { hashedBytes, hashedFiles, toHashBytes, toHashFiles } = progress
    const told = this.#of(folder)
    const nowMs = systemClock.monotonicMs()
    if (told.beganAtMs === 0) told.beganAtMs = told.saidAtMs = nowMs
    if (nowMs - told.saidAtMs < LINE_PERIOD_MS) return
    told.saidAtMs = nowMs
    const bytesPerSecond = (1_000 * hashedBytes) / (nowMs - told.beganAtMs)
    const amounts = renderAmounts({ bytes: hashedBytes, totalBytes: toHashBytes, bytesPerSecond })
    this.#output.note(`hashing ${folder}  ${hashedFiles}/${toHashFiles} files  ${amounts}`)
  }

  onScanned(report: ScanReport, folder: string): void {
    const told = this.#of(folder)
    told.beganAtMs = 0
    void this.#tell(report, folder, told)
  }

  /** Only what has changed since the last look is news. */
  async #tell(report: ScanReport, folder: string, told: Told): Promise<void> {
    const node = await this.#node.promise
    const isNews = report.hashedFiles > 0 || report.fileCount !== told.fileCount
    told.fileCount = report.fileCount
    if (!isNews) return
    if (report.postponedCount === 0) told.link ??= await this.#linkOf(folder, node)
    if (this.#output.isForPrograms) this.#output.record(eventOf(report, folder, told))
    else this.#say(report, folder, told)
  }

  #say({ problems, ...report }: ScanReport, folder: string, { link }: Told): void {
    const { fileCount, hashedBytes, hashedFiles, sizeBytes } = report
    const hashed = `hashed ${hashedFiles} of them, ${formatBytes(hashedBytes)}`
    this.#output.line(
      `shared ${printable(folder)}: ${plural(fileCount, 'file')}, ${formatBytes(sizeBytes)}; ${hashed}`
    )
    if (link !== undefined) this.#output.line(`  ${printable(link)}`)
    for (const { path, why } of problems.slice(0, PROBLEMS_SHOWN)) {
      this.#output.note(printable(`not offered: ${path}: ${why}`))
    }
    const more = report.problemCount - PROBLEMS_SHOWN
    if (more > 0) this.#output.note(`not offered: ${more} more`)
  }

  /** Of the whole folder as it is now. Where it cannot be had as one, its files still can, each by itself. */
  async #linkOf(folder: string, { library, report }: RunningShare): Promise<string | undefined> {
    const peers = report.addresses
    try {
      const { id, name, sizeBytes } = await library.addFolder(folder)
      return formatFileLink({ id, name, sizeBytes, peers })
    } catch (cause) {
      this.#output.note(`no link to ${folder} as a whole: ${messageOf(cause)}`)
      return undefined
    }
  }

  #followFiles({ library, report }: RunningShare): void {
    const tell = (file: FileEntry): void => {
      if (file.sharedCount > 0) this.#tellFile(file, report.addresses)
    }
    library.events.on('added', tell)
    for (let page = library.list(); page.length > 0;) {
      page.filter(({ isComplete }) => isComplete).forEach(tell)
      const last = page.at(-1)
      page = last === undefined ? [] : library.list({ after: last })
    }
  }

  #tellFile({ id, name, sizeBytes }: FileEntry, peers: string[]): void {
    const link = formatFileLink({ id, name, sizeBytes, peers })
    const event = { event: 'file', id, name, size: sizeBytes, link }
    if (this.#output.isForPrograms) this.#output.record(event)
    else this.#output.line(printable(link))
  }

  #of(folder: string): Told {
    const known = this.#folders.get(folder)
    if (known !== undefined) return known
    const told = { beganAtMs: 0, saidAtMs: 0, fileCount: -1, link: undefined }
    this.#folders.set(folder, told)
    return told
  }
}

function eventOf(report: ScanReport, folder: string, { link }: Told): object {
  return {
    event: 'shared',
    folder,
    files: report.fileCount,
    size: report.sizeBytes,
    hashed_files: report.hashedFiles,
    hashed_bytes: report.hashedBytes,
    postponed: report.postponedCount,
    problem_count: report.problemCount,
    problems: report.problems,
    link: link ?? null
  }
}
