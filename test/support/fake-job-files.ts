/** What a router's jobs need of files, played by a test: a web, texts in files, and who has what. */
import { MeshError } from '../../src/core/errors.ts'
import { unlessAborted } from '../../src/core/abort.ts'
import type { FileSource } from '../../src/model/generated/commands-execute-task.ts'
import type {
  FileTexts,
  HolderSource,
  WebFetchOptions,
  WebFiles,
  WebSource
} from '../../src/dispatch/ports.ts'
import type { OutputFile } from '../../src/model/job.ts'
import type { AbortOptions } from '../../src/core/abort.ts'

/** A fetch that the test answers. */
export interface WebFetch {
  source: WebSource
  options: WebFetchOptions
  answer: (fileId: string) => void
  fail: (error: MeshError) => void
}

export class FakeJobFiles implements FileTexts, HolderSource, WebFiles {
  /** By file id. */
  readonly texts = new Map<string, string>()
  readonly holders = new Map<string, FileSource[]>()
  /** What is at an address: known ones are answered at once. */
  readonly pages = new Map<string, string>()
  /** Those that wait for the test. */
  readonly fetches: WebFetch[] = []

  async text({ file }: OutputFile, _bytesMax: number, _options: AbortOptions): Promise<string> {
    const text = this.texts.get(file)
    if (text === undefined) throw new MeshError('FILE_UNAVAILABLE', `nobody has ${file}`)
    return text
  }

  async holdersOf(fileIds: readonly string[]): Promise<FileSource[]> {
    return fileIds.flatMap((id) => this.holders.get(id) ?? [])
  }

  async fetch(source: WebSource, options: WebFetchOptions): Promise<string> {
    const known = this.pages.get(source.url)
    if (known !== undefined) return known
    const { promise, reject, resolve } = Promise.withResolvers<string>()
    this.fetches.push({ source, options, answer: resolve, fail: reject })
    return await unlessAborted(promise, options)
  }
}
