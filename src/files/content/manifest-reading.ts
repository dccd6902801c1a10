/**
 * Manifests that come from outside, whole or in pages: each is looked at before anything is made of it, and is one only if its
 * hashes lead to its id. Pure.
 */
import { fromHex } from 'multiformats/bytes'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { validatorFor } from '../../model/validate.ts'
import { HASH_BYTES } from './content-tree.ts'
import { isPieceSize, planOf } from './piece-plan.ts'
import { atOnce, joinHashes } from './manifest.ts'
import { readFileId } from '../../model/file-id.ts'
import type { FileManifest } from './manifest.ts'
import type { FileManifestDocument, PieceHashPage } from '../../model/generated/file-manifest.ts'
import type { PiecePlan } from './piece-plan.ts'

/** What is known of a file whose manifest still has to come. */
export interface FileHead {
  id: string
  sizeBytes: number
  pieceBytes: number
}

const checkDocument = validatorFor<FileManifestDocument>('file-manifest')
const checkPage = validatorFor<PieceHashPage>('file-manifest#/$defs/page')

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
      this.#hashes.set(fromHex(text), this.#count * HASH_BYTES)
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

function wrong(path: string, message: string, init: { hint?: string } = {}): MeshError {
  return new MeshError('FIELD_INVALID', message, { path, ...init })
}
