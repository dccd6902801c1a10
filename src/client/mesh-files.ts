/**
 * Files of the mesh for a program, in Node.js or a browser's tab: handed in piece by piece, and given out only if they are what
 * their id says. Nothing of a file is held but the piece that is on its way.
 */
import { ContentHasher } from '../files/content/content-hasher.ts'
import { HASH_BYTES, pieceHash } from '../files/content/content-tree.ts'
import { MeshError } from '../core/errors.ts'
import { inLanes } from '../core/lanes.ts'
import { makeManifest, writeManifest } from '../files/content/manifest.ts'
import { pieceSpan, planPieces } from '../files/content/piece-plan.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from './api-client.ts'
import type { FileFilter } from './api-files.ts'
import type { FileManifest } from '../files/content/manifest.ts'
import type { FileUpload } from '../model/generated/api-file-upload.ts'
import type { FileView } from '../model/generated/api-file.ts'

/** `await openAsBlob(path)` of `node:fs` and a page's `<input type="file">` give Blobs, which are read as they are needed. */
export type FileContent = Blob | Uint8Array | string

export interface PutOptions extends AbortOptions {
  /** What it is to be called. @default that of a `File`, else `file` */
  name?: string
  /** It stays at the router until it is unpinned, or until `until`. @default false */
  pin?: boolean
  /** A moment, or how long from now, such as `7d`. */
  until?: string
}

/** Pieces on their way at the same time: of 256 KiB, as a rule. */
const PIECES_AT_ONCE = 4

export class MeshFiles {
  readonly #api: (options: AbortOptions) => Promise<ApiClient>

  constructor(api: (options: AbortOptions) => Promise<ApiClient>) {
    this.#api = api
  }

  /**
   * Hands a file in; what the router has of it already is not sent again.
   * @returns the file, with its id and link
   * @throws MeshError STORE_FULL, FORBIDDEN, and what else the router says
   * @example
   * const { id, link } = await client.files.put('some text', { name: 'note.txt', until: '7d' })
   */
  async put(content: FileContent, options: PutOptions = {}): Promise<FileView> {
    const { signal, ...keep } = options
    const { name = nameOf(content), ...rest } = keep
    const api = await this.#api({ signal })
    const blob = content instanceof Blob ? content : new Blob([content as BlobPart])
    const manifest = await manifestOf(blob, { signal })
    const announced = { manifest: writeManifest(manifest), name, ...rest }
    const missing = piecesOf(await api.announceFile(announced, { signal }))
    await inLanes(missing, PIECES_AT_ONCE, async (index) => {
      await api.putPiece(manifest.id, index, await pieceAt(blob, manifest, index), { signal })
    })
    return await api.file(manifest.id, { signal })
  }

  /**
   * A file's bytes as they come, from the router or through it from whoever has them. The stream fails at its end if they are
   * not those of the id: believe nothing of it before.
   * @param id any unique beginning of it, or `sha256:` and all of it
   * @throws MeshError FILE_NOT_FOUND, FILE_UNAVAILABLE; PIECE_INVALID (from the stream)
   * @example
   * await (await client.files.get(id)).pipeTo(Writable.toWeb(createWriteStream('video.mp4')))
   */
  async get(id: string, options: AbortOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const api = await this.#api(options)
    const file = await api.file(id, options)
    const content = await api.readFile(file.id, options)
    return content.pipeThrough(verification(file.id))
  }

  /**
   * The whole of a file, verified: for those that fit into memory.
   * @throws as `get`, PIECE_INVALID
   * @example
   * const text = new TextDecoder().decode(await client.files.bytes(id))
   */
  async bytes(id: string, options: AbortOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const whole = new Response(
      (await this.get(id, options)) as ReadableStream<Uint8Array<ArrayBuffer>>
    )
    return new Uint8Array(await whole.arrayBuffer())
  }

  /**
   * All files that the namespace offers, fetched page by page as they are read.
   * @example
   * for await (const { id, name, size } of client.files.list({ name: 'report' })) console.log(id, name, size)
   */
  async *list(
    filter: FileFilter = {},
    options: AbortOptions = {}
  ): AsyncGenerator<FileView, void, undefined> {
    const api = await this.#api(options)
    let after: string | undefined = filter.after
    do {
      // oxlint-disable-next-line no-await-in-loop -- a page is asked for when the one before it has been read
      const { next, rows } = await api.files({ ...filter, after }, options)
      yield* rows
      after = next
    } while (after !== undefined)
  }
}

function nameOf(content: FileContent): string {
  return content instanceof File && content.name !== '' ? content.name : 'file'
}

async function manifestOf(blob: Blob, { signal }: AbortOptions): Promise<FileManifest> {
  const plan = planPieces(blob.size)
  const hashes = new Uint8Array(plan.count * HASH_BYTES)
  for (let index = 0; index < plan.count; index += 1) {
    signal?.throwIfAborted()
    const { bytes, offset } = pieceSpan(plan, index)
    // oxlint-disable-next-line no-await-in-loop -- one piece in memory
    hashes.set(pieceHash(await stretchOf(blob, offset, bytes)), index * HASH_BYTES)
  }
  return makeManifest(plan, hashes)
}

async function pieceAt(blob: Blob, { plan }: FileManifest, index: number): Promise<Uint8Array> {
  const { bytes, offset } = pieceSpan(plan, index)
  return await stretchOf(blob, offset, bytes)
}

async function stretchOf(blob: Blob, offset: number, bytes: number): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(offset, offset + bytes).arrayBuffer())
}

function piecesOf({ missing }: FileUpload): number[] {
  return missing.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  )
}

function verification(id: string): TransformStream<Uint8Array, Uint8Array> {
  const hasher = new ContentHasher()
  return new TransformStream({
    transform: (bytes, controller) => {
      hasher.push(bytes)
      controller.enqueue(bytes)
    },
    flush: () => {
      if (hasher.id() === id) return
      throw new MeshError('PIECE_INVALID', `what came is not the file ${id}`, {
        hint: 'the copy of this router is damaged, or it lies: `taskmesh files verify` says which'
      })
    }
  })
}
