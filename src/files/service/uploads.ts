/**
 * Files that are handed in from outside the mesh: announced by their manifest, then brought piece by piece, in
 * any order, by as many as like. What has come survives everything, as a part that space may be made of.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { PieceSet } from '../content/piece-set.ts'
import { SharedAmount } from '../../core/shared-amount.ts'
import { Upload, notHandedIn } from './upload.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FileLibrary, NewPart } from '../store/library.ts'
import type { Startable } from '../../core/startable.ts'

export interface UploadsComponents {
  clock: Clock
  library: Pick<FileLibrary, 'get' | 'openPart'>
  /** A file is whole that was announced. */
  onWhole: (id: string, keepUntilMs: number) => void
}

export interface UploadsInit {
  /** @default LIMITS.fileUploadsMax */
  openMax?: number
  /** An upload that gets nothing for so long is put aside. @default 10 minutes */
  idleMs?: number
}

export interface Announcement extends NewPart {
  /** How long it is to stay once it is whole, in Unix milliseconds: 0 for not at all, `Infinity` for ever. */
  keepUntilMs: number
}

const IDLE_MS = 600_000
const CHECK_MS = 60_000

export class Uploads implements Startable {
  readonly #components: UploadsComponents
  readonly #init: Required<UploadsInit>
  readonly #memory = new SharedAmount(LIMITS.fileUploadBytesMax)
  /** By file id. */
  readonly #uploads = new Map<string, Promise<Upload | undefined>>()
  /** Those of them that are open. */
  readonly #open = new Map<string, Upload>()
  /** How long those who announced it want each to stay. */
  readonly #wishes = new Map<string, number>()
  #stopChecks: CancelTimer | undefined

  constructor(components: UploadsComponents, init: UploadsInit = {}) {
    this.#components = components
    this.#init = { openMax: LIMITS.fileUploadsMax, idleMs: IDLE_MS, ...init }
  }

  async start(): Promise<void> {
    this.#stopChecks ??= this.#components.clock.every(CHECK_MS, () => this.#closeIdle())
  }

  async stop(): Promise<void> {
    this.#stopChecks?.()
    this.#stopChecks = undefined
    await Promise.all([...this.#open.values()].map((upload) => upload.close()))
  }

  /**
   * Begins a file, or goes on with it.
   * @returns the pieces that are here
   * @throws MeshError FILE_BUSY while it is fetched; TOO_MANY_REQUESTS; STORE_FULL or STORE_FAILED
   */
  async announce({ keepUntilMs, manifest, name }: Announcement): Promise<PieceSet> {
    const { id, plan } = manifest
    const known = this.#uploads.get(id)
    if (known === undefined && this.#isWhole(id)) {
      this.#components.onWhole(id, keepUntilMs)
      return PieceSet.full(plan.count)
    }
    this.#wishes.set(id, Math.max(keepUntilMs, this.#wishes.get(id) ?? 0))
    const upload = await (known ?? this.#begin({ manifest, name }))
    if (upload === undefined) return await this.announce({ keepUntilMs, manifest, name })
    // Nothing is missing of an empty file, or where the last run ended just before the end.
    if (upload.verified.isFull) await upload.finish()
    return upload.verified.copy()
  }

  /**
   * Takes a piece of a file that was announced; of one that is here whole, all pieces are.
   * @throws MeshError FILE_NOT_FOUND where it was not announced, or was put aside; as `Upload.put`
   */
  async put(id: string, index: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const upload = await this.#uploads.get(id)
    if (upload !== undefined) {
      const { clock } = this.#components
      const bytes = upload.bytesOf(index)
      await this.#memory.use(bytes, () => upload.put(index, body, clock.monotonicMs()))
    } else if (!this.#isWhole(id)) {
      throw notHandedIn(id)
    }
  }

  /** Puts a file aside that nobody is handing in at the moment, so that it can be removed. */
  async close(id: string): Promise<void> {
    const upload = this.#open.get(id)
    if (upload?.isIdle === true) await upload.close()
  }

  #begin(file: NewPart): Promise<Upload | undefined> {
    const { id } = file.manifest
    const beginning = this.#openUpload(file)
    this.#uploads.set(id, beginning)
    beginning.catch(() => this.#forget(id))
    return beginning
  }

  /** Undefined for a file that has become whole in another way meanwhile. */
  async #openUpload(file: NewPart): Promise<Upload | undefined> {
    const { clock, library, onWhole } = this.#components
    const { id } = file.manifest
    await this.#makeRoom()
    const part = await library.openPart(file)
    if (part === undefined) {
      this.#forget(id)
      return undefined
    }
    const upload = new Upload(part, clock.monotonicMs(), {
      onWhole: () => onWhole(id, this.#wishes.get(id) ?? 0),
      onClosed: () => this.#forget(id)
    })
    this.#open.set(id, upload)
    return upload
  }

  async #makeRoom(): Promise<void> {
    if (this.#uploads.size < this.#init.openMax) return
    const [longest] = [...this.#open.values()]
      .filter(({ isIdle }) => isIdle)
      .toSorted((left, right) => left.usedAtMs - right.usedAtMs)
    if (longest !== undefined) return await longest.close()
    throw new MeshError('TOO_MANY_REQUESTS', `${this.#init.openMax} files are being handed in`, {
      hint: 'wait until one of them is here'
    })
  }

  #closeIdle(): void {
    const beforeMs = this.#components.clock.monotonicMs() - this.#init.idleMs
    for (const upload of this.#open.values()) {
      if (upload.isIdle && upload.usedAtMs <= beforeMs) void upload.close()
    }
  }

  #forget(id: string): void {
    this.#uploads.delete(id)
    this.#open.delete(id)
    this.#wishes.delete(id)
  }

  #isWhole(id: string): boolean {
    return this.#components.library.get(id)?.isComplete === true
  }
}
