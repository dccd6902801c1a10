/**
 * A file's manifest: its id, and the hash of each of its pieces, by which each can be told right from
 * wrong as it comes. Whoever gives a manifest cannot lie in it: what it holds leads to the id or not
 * (`manifest-reading.ts`). Pure.
 */
import { equals, toHex } from 'multiformats/bytes'
import { assert } from '../../core/assert.ts'
import { HASH_BYTES, TreeBuilder, pieceHash } from './content-tree.ts'
import { pieceSpan, piecesOf, planPieces } from './piece-plan.ts'
import { fileIdOf } from './file-id.ts'
import type { FileManifestDocument, PieceHashPage } from '../../model/generated/file-manifest.ts'
import type { PiecePlan } from './piece-plan.ts'

export interface FileManifest {
  /** `sha256:` and 64 hex digits. */
  readonly id: string
  readonly plan: PiecePlan
  /** `HASH_BYTES` for each piece, in order. */
  readonly hashes: Uint8Array
}

/** Hashes that are joined in one turn: some ten milliseconds' worth. */
const TURN_PIECES = 4_096

/** The manifest of a file whose pieces have these hashes; its id follows. */
export function makeManifest(plan: PiecePlan, hashes: Uint8Array): FileManifest {
  return atOnce(joinHashes(plan, hashes))
}

/** As `makeManifest`, in steps. Gives way to others now and then: of the longest file, this takes a fifth of a second. */
export function* joinHashes(plan: PiecePlan, hashes: Uint8Array): Generator<void, FileManifest> {
  assert(hashes.length === plan.count * HASH_BYTES, 'each piece has a hash')
  const builder = new TreeBuilder()
  for (let index = 0; index < plan.count; index++) {
    if (index % TURN_PIECES === TURN_PIECES - 1) yield
    builder.push(hashAt(hashes, index))
  }
  return { id: fileIdOf(plan.sizeBytes, builder.root()), plan, hashes }
}

/** The manifest of these bytes. */
export function manifestOf(bytes: Uint8Array): FileManifest {
  const plan = planPieces(bytes.length)
  const hashes = new Uint8Array(plan.count * HASH_BYTES)
  for (const [index, piece] of piecesOf(bytes, plan).entries()) {
    hashes.set(pieceHash(piece), index * HASH_BYTES)
  }
  return makeManifest(plan, hashes)
}

/** The hash that one piece has to have. */
export function hashOf({ hashes }: FileManifest, index: number): Uint8Array {
  return hashAt(hashes, index)
}

/** Are these the bytes of that piece? */
export function isPieceOf(manifest: FileManifest, index: number, piece: Uint8Array): boolean {
  if (index < 0 || index >= manifest.plan.count) return false
  if (piece.length !== pieceSpan(manifest.plan, index).bytes) return false
  return equals(pieceHash(piece), hashOf(manifest, index))
}

/** The manifest as `schemas/file-manifest.schema.json` has it. */
export function writeManifest(manifest: FileManifest): FileManifestDocument {
  const { id, plan } = manifest
  return {
    version: 1,
    id,
    size: plan.sizeBytes,
    piece_size: plan.pieceBytes,
    piece_hashes: writeHashPage(manifest, 0, plan.count).piece_hashes
  }
}

/** Some of a manifest's hashes, for a list that is too long for one answer. */
export function writeHashPage(manifest: FileManifest, from: number, limit: number): PieceHashPage {
  const end = Math.min(from + limit, manifest.plan.count)
  const piece_hashes: string[] = []
  for (let index = from; index < end; index++) {
    piece_hashes.push(toHex(hashOf(manifest, index)))
  }
  return { from, piece_hashes }
}

/** All steps in one go. */
export function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

function hashAt(hashes: Uint8Array, index: number): Uint8Array {
  return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}
