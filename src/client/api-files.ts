/** The part of `ApiClient` that is about files: what the namespace offers, and the router's own copies. */
import { MeshApi } from './api-mesh.ts'
import { nextOf } from './api-caller.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { FileCheck } from '../model/generated/api-file-check.ts'
import type { FileFetchRequest } from '../model/generated/api-file-fetch.ts'
import type { FilePinRequest } from '../model/generated/api-file-pin.ts'
import type { FileUpload } from '../model/generated/api-file-upload.ts'
import type { FileUploadRequest } from '../model/generated/api-file-upload-request.ts'
import type { FileView } from '../model/generated/api-file.ts'
import type { FolderEntry } from '../model/generated/folder-manifest.ts'

export interface FileFilter {
  /** Only files with this in their names. */
  name?: string | undefined
  /** @default 'name' */
  sort?: 'name' | 'id' | undefined
  /** Only files after this one: its id, or what `next` said. */
  after?: string | undefined
  /** @default 100 */
  limit?: number | undefined
}

export interface FileList {
  rows: FileView[]
  /** Where the next page begins; undefined after the last. */
  next: string | undefined
}

/** A piece of 16 MiB over a line of 1 Mbit/s; the router itself waits no longer for one. */
const PIECE_TIMEOUT_MS = 150_000
/** One look at a longer check. */
const CHECK_SLICE_MS = 30_000
/** A folder's list may have to be fetched first. */
const ENTRIES_TIMEOUT_MS = 150_000

export class FileApi extends MeshApi {
  /**
   * A page of the files that the namespace offers.
   * @example
   * const { rows, next } = await client.files({ name: 'report', limit: 20 })
   */
  async files(filter: FileFilter = {}, options: AbortOptions = {}): Promise<FileList> {
    const { value: rows, headers } = await this.transport.request<FileView[]>('/v1/files', {
      ...options,
      query: { ...filter }
    })
    return { rows, next: nextOf(headers) }
  }

  /**
   * One file with its holders and its link, by any unique beginning of its id, of four digits at least.
   * @throws MeshError FILE_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { link, holders } = await client.file('db0a5753')
   */
  async file(id: string, options: AbortOptions = {}): Promise<FileView> {
    return this.get(filePath(id), options)
  }

  /**
   * What is in a folder, fetched page by page as it is read.
   * @throws MeshError FILE_NOT_FOUND, FILE_KIND_INVALID
   * @example
   * for await (const { path, size, id } of client.folderEntries('db0a5753')) console.log(path, size, id)
   */
  async *folderEntries(
    id: string,
    options: AbortOptions = {}
  ): AsyncGenerator<FolderEntry, void, undefined> {
    let after: string | undefined
    do {
      // A page is asked for when the one before it has been read.
      // oxlint-disable-next-line no-await-in-loop
      const { value: page, headers } = await this.transport.request<FolderEntry[]>(
        `${filePath(id)}/entries`,
        { ...options, query: { limit: 1_000, after }, timeoutMs: ENTRIES_TIMEOUT_MS }
      )
      yield* page
      after = nextOf(headers)
    } while (after !== undefined)
  }

  /**
   * Announces a file that is to be handed in, and learns which of its pieces are missing.
   * @throws MeshError FIELD_INVALID, FILE_BUSY, STORE_FULL
   * @example
   * const { missing } = await client.announceFile({ manifest, name: 'report.pdf', until: '7d' })
   */
  async announceFile(request: FileUploadRequest, options: AbortOptions = {}): Promise<FileUpload> {
    return this.post('/v1/files', request, options)
  }

  /**
   * Hands in one piece of a file that was announced.
   * @throws MeshError PIECE_INVALID where it is not that piece; FILE_NOT_FOUND, STORE_FULL
   * @example
   * await client.putPiece(id, 0, await readFile('small.txt'))
   */
  async putPiece(
    id: string,
    index: number,
    piece: Uint8Array,
    options: AbortOptions = {}
  ): Promise<void> {
    const path = `${filePath(id)}/pieces/${index}`
    await this.put(path, piece, { ...options, timeoutMs: PIECE_TIMEOUT_MS })
  }

  /**
   * The router's copy stays until it is unpinned, or until a moment; of a folder, what is in it too.
   * @throws MeshError FILE_NOT_FOUND where the router has no copy
   * @example
   * await client.pinFile('db0a5753', { until: '30d' })
   */
  async pinFile(
    id: string,
    request: FilePinRequest = {},
    options: AbortOptions = {}
  ): Promise<FileView> {
    return this.post(`${filePath(id)}/pin`, request, options)
  }

  /**
   * The router's copy may go to make room.
   * @throws MeshError FILE_NOT_FOUND
   * @example
   * await client.unpinFile('db0a5753')
   */
  async unpinFile(id: string, options: AbortOptions = {}): Promise<FileView> {
    return this.delete(`${filePath(id)}/pin`, options)
  }

  /**
   * Has the router read its copy anew, and waits for what comes of it. A wrong one is no longer offered.
   * @throws MeshError FILE_NOT_FOUND
   * @example
   * const { outcome } = await client.verifyFile('db0a5753')
   */
  async verifyFile(
    id: string,
    options: AbortOptions & { onProgress?: (check: FileCheck) => void } = {}
  ): Promise<FileCheck> {
    const { onProgress, signal } = options
    const query = { timeout: `${CHECK_SLICE_MS}ms` }
    for (;;) {
      // Each look waits for the one before it.
      // oxlint-disable-next-line no-await-in-loop
      const { value: check } = await this.transport.request<FileCheck>(`${filePath(id)}/verify`, {
        method: 'POST',
        signal,
        query
      })
      if (check.outcome !== 'running') return check
      onProgress?.(check)
    }
  }

  /**
   * Begins to fetch a file, or a folder with all that is in it, to the router; `file` says how that goes.
   * @example
   * await client.fetchFile(id, { peers: ['/ip4/192.0.2.7/tcp/40001/p2p/12D3KooW…'], pin: true })
   */
  async fetchFile(
    id: string,
    request: FileFetchRequest = {},
    options: AbortOptions = {}
  ): Promise<FileView> {
    return this.post(`${filePath(id)}/fetch`, request, options)
  }

  /**
   * Deletes the router's copy; others who have the file keep theirs.
   * @throws MeshError FILE_NOT_FOUND, FILE_BUSY
   * @example
   * await client.removeFile('db0a5753')
   */
  async removeFile(id: string, options: AbortOptions = {}): Promise<void> {
    await this.delete(filePath(id), options)
  }

  /**
   * The bytes of a file as they come, fetched from the mesh if the router has no copy.
   * @throws MeshError FILE_KIND_INVALID for a folder, FILE_UNAVAILABLE
   * @example
   * for await (const chunk of await client.readFile('db0a5753')) process.stdout.write(chunk)
   */
  async readFile(id: string, options: AbortOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.transport.open(`${filePath(id)}/content`, options)
    return body ?? new ReadableStream({ start: (controller) => controller.close() })
  }
}

function filePath(id: string): string {
  return `/v1/files/${encodeURIComponent(id)}`
}
