/**
 * Hands a file of the reader's machine in: it is hashed piece by piece, announced, and only what the router lacks is sent. A piece at a time
 * is in memory, and a file that was cut off goes on where it was.
 */
import { HASH_BYTES, pieceHash } from '../../files/content/content-tree.ts'
import { makeManifest, writeManifest } from '../../files/content/manifest.ts'
import { pieceSpan, planPieces } from '../../files/content/piece-plan.ts'
import { post, put } from '../data/api.ts'
import type { FileUpload } from '../../model/generated/api-file-upload.ts'
import type { PiecePlan } from '../../files/content/piece-plan.ts'

export interface UploadOptions {
  signal: AbortSignal
  /** 0 to 1, of reading and sending together. */
  onProgress: (ratio: number) => void
}

/** Of the whole work: hashing is quick beside sending. */
const HASHING_SHARE = 0.3

/** @returns its id. @throws MeshError, or the signal's reason */
export async function uploadFile(file: File, options: UploadOptions): Promise<string> {
  const { onProgress, signal } = options
  const plan = planPieces(file.size)
  const hashes = new Uint8Array(plan.count * HASH_BYTES)
  for (let index = 0; index < plan.count; index++) {
    // oxlint-disable-next-line no-await-in-loop -- a piece at a time
    hashes.set(pieceHash(await readPiece(file, plan, index)), index * HASH_BYTES)
    signal.throwIfAborted()
    onProgress((HASHING_SHARE * (index + 1)) / plan.count)
  }
  const manifest = writeManifest(makeManifest(plan, hashes))
  const { id, missing } = await post<FileUpload>(
    '/files',
    { manifest, name: file.name },
    { signal }
  )
  const wanted = missing.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  )
  for (const [sent, index] of wanted.entries()) {
    // oxlint-disable-next-line no-await-in-loop
    const piece = await readPiece(file, plan, index)
    // oxlint-disable-next-line no-await-in-loop
    await put(`/files/${id}/pieces/${index}`, piece, { signal })
    onProgress(HASHING_SHARE + ((1 - HASHING_SHARE) * (sent + 1)) / wanted.length)
  }
  return id
}

async function readPiece(file: File, plan: PiecePlan, index: number): Promise<Uint8Array> {
  const { bytes, offset } = pieceSpan(plan, index)
  return new Uint8Array(await file.slice(offset, offset + bytes).arrayBuffer())
}
