/** The bytes of a file, or of a stretch of it, in order: from the disk, or as they come from the mesh. */
import { pieceSpan, planOf } from '../content/piece-plan.ts'
import { readWhenHere } from '../transfer/read-in-order.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FetchInit, FileService } from './file-service.ts'
import type { PiecePlan } from '../content/piece-plan.ts'

export interface FileContent {
  readonly plan: PiecePlan
  /** Resolves when all of it is here. */
  readonly whole: Promise<unknown>
  /** A piece as soon as it is here. @throws as `FileService.fetch` */
  piece(index: number): Promise<Uint8Array>
}

/** A stretch of a file, both ends included. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * Opens a file that is here or can be had. What is fetched for it alone is fetched for as long as the signal lets it.
 * @throws MeshError FILE_UNAVAILABLE where nobody has it; FILE_BUSY; STORE_FULL or STORE_FAILED
 */
export async function openContent(
  service: FileService,
  id: string,
  init: FetchInit,
  { signal }: AbortOptions
): Promise<FileContent> {
  const { library } = service
  const known = library.get(id)
  if (known?.isComplete === true) {
    const plan = planOf(known.sizeBytes, known.pieceBytes)
    const whole = Promise.resolve()
    return { plan, whole, piece: (index) => library.readPiece(id, index) }
  }
  const whole = service.fetch(id, { ...init, order: 'sequential' }, { signal })
  // Whoever reads is told.
  whole.catch(() => {})
  const download = service.download(id)
  if (download === undefined) {
    await whole
    return await openContent(service, id, init, { signal })
  }
  return {
    plan: await download.plan,
    whole,
    piece: (index) => readWhenHere(download, library, index)
  }
}

export async function* readRange(
  content: FileContent,
  { first, last }: ByteRange
): AsyncGenerator<Uint8Array, undefined> {
  const { plan } = content
  for (let at = first; at <= last;) {
    const index = Math.floor(at / plan.pieceBytes)
    const { bytes, offset } = pieceSpan(plan, index)
    // One after the other, at the reader's pace.
    // oxlint-disable-next-line no-await-in-loop
    const all = await content.piece(index)
    yield all.subarray(at - offset, Math.min(bytes, last + 1 - offset))
    at = offset + bytes
  }
  return undefined
}
