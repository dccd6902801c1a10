/**
 * A file's manifest: its id, and the hash of each of its pieces, by which each can be told right from
 * wrong as it comes. Whoever gives a manifest cannot lie in it: what it holds leads to the id or not. Pure.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { assert } from '../../core/assert.ts'
import { validatorFor } from '../../model/validate.ts'
import { HASH_BYTES, TreeBuilder, pieceHash } from './content-tree.ts'
import { isPieceSize, pieceSpan, piecesOf, planOf, planPieces } from './piece-plan.ts'
import { fileIdOf } from './file-id.ts'
import { readFileId } from '../../model/file-id.ts'
import type { FileManifestDocument, PieceHashPage } from '../../model/generated/file-manifest.ts'
import type { PiecePlan } from './piece-plan.ts'

export interface FileManifest {
  /** `sha256:` and 64 hex digits. */
  readonly id: string
  readonly plan: PiecePlan
  /** `HASH_BYTES` for each piece, in order. */
  readonly hashes: Uint8Array
}

/** What is known of a file whose manifest still has to come. */
export interface FileHead {
  id: string
  sizeBytes: number
  pieceBytes: number
}

const checkDocument = validatorFor<FileManifestDocument>('file-manifest')
const checkPage = validatorFor<PieceHashPage>('file-manifest#/$defs/page')

/** Hashes that are joined in one turn: some ten milliseconds' worth. */
const TURN_PIECES = 4_096

/** The manifest of a file whose pieces have these hashes; its id follows. */
export function makeManifest(plan: PiecePlan, hashes: Uint8Array): FileManifest {
  return atOnce(joinHashes(plan, hashes))
}

/** Gives way to others now and then: of the longest file, this takes a fifth of a second. */
function* joinHashes(plan: PiecePlan, hashes: Uint8Array): Generator<void, FileManifest> {
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
  return makeManifest(plan, new Uint8Array(Buffer.concat(piecesOf(bytes, plan).map(pieceHash))))
}

/** The hash that one piece has to have. */
export function hashOf({ hashes }: FileManifest, index: number): Uint8Array {
  return hashAt(hashes, index)
}

/** Are these the bytes of that piece? */
export function isPieceOf(manifest: FileManifest, index: number, piece: Uint8Array): boolean {
  if (index < 0 || index >= manifest.plan.count) return false
  if (piece.length !== pieceSpan(manifest.plan, index).bytes) return false
  return Buffer.compare(pieceHash(piece), hashOf(manifest, index)) === 0
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

/**
 * A manifest that came from outside.
 * @throws MeshError FIELD_INVALID and the like, also where its hashes do not lead to its id
 */
export function readManifest(value: unknown): FileManifest {
  return gather(value).finish()
}

/**
 * The same, with turns between for what else there is to do.
 * @throws as `readManifest`
 */
export async function readManifestInTurns(
  value: unknown,
  turn: () => Promise<void>
): Promise<FileManifest> {
  const steps = gather(value).steps()
  for (;;) {
    const { done, value: manifest } = steps.next()
    if (done === true) return manifest
    // oxlint-disable-next-line no-await-in-loop -- that is what it is for
    await turn()
  }
}

function gather(value: unknown): ManifestGathering {
  const { id, piece_hashes, piece_size, size } = checkDocument(value)
  const gathering = new ManifestGathering({ id, sizeBytes: size, pieceBytes: piece_size })
  gathering.add({ from: 0, piece_hashes })
  return gathering
}

/** Some of a manifest's hashes, for a list that is too long for one answer. */
export function writeHashPage(manifest: FileManifest, from: number, limit: number): PieceHashPage {
  const end = Math.min(from + limit, manifest.plan.count)
  const piece_hashes: string[] = []
  for (let index = from; index < end; index++) {
    piece_hashes.push(Buffer.from(hashOf(manifest, index)).toString('hex'))
  }
  return { from, piece_hashes }
}

/** A manifest whose hashes come in pages, first to last. It is none before `finish`. */
export class ManifestGathering {
  readonly #id: string
  readonly #plan: PiecePlan
  readonly #hashes: Uint8Array
  #count = 0

  /** @throws MeshError FIELD_INVALID where no file can be so large or so cut */
  constructor({ id, pieceBytes, sizeBytes }: FileHead) {
    this.#id = readFileId(id, 'id')
    this.#plan = checkPlan(sizeBytes, pieceBytes)
    this.#hashes = new Uint8Array(this.#plan.count * HASH_BYTES)
  }

  /** The first piece whose hash has not come; undefined once all have. */
  get next(): number | undefined {
    return this.#count < this.#plan.count ? this.#count : undefined
  }

  /** @throws MeshError FIELD_INVALID where it is not the page that is next */
  add(value: unknown): void {
    const { from, piece_hashes: texts } = checkPage(value)
    if (from !== this.#count || from + texts.length > this.#plan.count) {
      throw wrong('piece_hashes', `hashes of pieces ${from} to ${from + texts.length - 1} came`, {
        hint: `pieces ${this.#count} to ${this.#plan.count - 1} are to come`
      })
    }
    for (const text of texts) {
      this.#hashes.set(Buffer.from(text, 'hex'), this.#count * HASH_BYTES)
      this.#count += 1
    }
  }

  /** @throws MeshError FIELD_INVALID where the hashes do not lead to the id */
  finish(): FileManifest {
    return atOnce(this.steps())
  }

  /** The same step by step. */
  *steps(): Generator<void, FileManifest> {
    if (this.next !== undefined) {
      throw wrong('piece_hashes', `${this.#count} of ${this.#plan.count} hashes came`)
    }
    const manifest = yield* joinHashes(this.#plan, this.#hashes)
    if (manifest.id === this.#id) return manifest
    throw wrong('piece_hashes', `the hashes are not those of the file ${this.#id}`)
  }
}

/** @throws MeshError FIELD_INVALID */
export function checkPlan(sizeBytes: number, pieceBytes: number): PiecePlan {
  if (!Number.isInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > LIMITS.fileBytesMax) {
    throw wrong('size', `no file has ${sizeBytes} bytes`)
  }
  if (!isPieceSize(pieceBytes)) throw wrong('piece_size', `no piece has ${pieceBytes} bytes`)
  const plan = planOf(sizeBytes, pieceBytes)
  if (plan.count > LIMITS.filePiecesMax) {
    throw wrong('piece_size', `the file would have ${plan.count} pieces`, {
      hint: `cut it into ${LIMITS.filePiecesMax} pieces at most`
    })
  }
  return plan
}

function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

function hashAt(hashes: Uint8Array, index: number): Uint8Array {
  return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

function wrong(path: string, message: string, init: { hint?: string } = {}): MeshError {
  return new MeshError('FIELD_INVALID', message, { path, ...init })
}
