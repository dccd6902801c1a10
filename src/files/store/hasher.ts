/**
 * Hashes files on all cores: threads take a few pieces each, of one large file or of many. The smallest are not
 * worth the way to a thread.
 * Memory is a buffer per thread, whatever the size. A file that is written to meanwhile is noticed.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { sleep } from '../../core/abort.ts'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { siblingModule } from '../../core/sibling-module.ts'
import { HASH_BYTES } from '../content/content-tree.ts'
import { makeManifest, manifestOf } from '../content/manifest.ts'
import { planPieces } from '../content/piece-plan.ts'
import { STAMP_TICK_MS, openPlainFile, stampOf } from './file-stamp.ts'
import { changed, toFileError } from './disk-errors.ts'
import { readWhole } from './read-whole.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { HashTask } from './hash-thread.ts'
import type { OpenFile } from './file-stamp.ts'
import type { PiecePlan } from '../content/piece-plan.ts'
import type { Startable } from '../../core/startable.ts'

export interface HasherInit {
  /** @default one for each core */
  threads?: number
}

export interface HashOptions extends AbortOptions {
  /** Called after every few MiB. */
  onProgress?: (hashedBytes: number) => void
}

/** What a path held, and the stamp by which it can be seen that it still does. */
export interface HashedFile {
  manifest: FileManifest
  stamp: string
}

const ENTRY = fileURLToPath(siblingModule(import.meta.url, 'hash-thread'))
/** What a thread takes at once: a few milliseconds of work, so that handing it over costs nothing. */
const TASK_BYTES = 4 * 2 ** 20
/** What is read and hashed sooner than a thread has heard of it. */
const SMALL_BYTES = 65_536
/** An idle thread takes some 10 MiB, a new one 40 ms. */
const IDLE_MS = 10_000

export class Hasher implements Startable {
  readonly #clock: Clock
  readonly threads: number
  #pool: Piscina | undefined
  #stopping = new AbortController()

  constructor({ clock }: { clock: Clock }, init: HasherInit = {}) {
    this.#clock = clock
    this.threads = init.threads ?? availableParallelism()
  }

  /** Threads come with the first file. */
  async start(): Promise<void> {
    if (this.#pool !== undefined) return
    this.#stopping = new AbortController()
    this.#pool = new Piscina({
      filename: ENTRY,
      minThreads: 0,
      maxThreads: this.threads,
      idleTimeout: IDLE_MS,
      // A flag of ours, such as a test runner's, is not meant for it.
      execArgv: []
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new MeshError('STOPPING', 'this node is about to end'))
    await this.#pool?.destroy()
    this.#pool = undefined
  }

  /**
   * Reads a whole file.
   * @throws MeshError FILE_UNREADABLE, FILE_CHANGED, STORE_FAILED; or the signal's reason
   */
  async hashFile(path: string, options: HashOptions = {}): Promise<HashedFile> {
    const { onProgress, signal: callers } = options
    const signal = AbortSignal.any([this.#stopping.signal, ...(callers ? [callers] : [])])
    signal.throwIfAborted()
    const file = await openPlainFile(path)
    try {
      await this.#settle(file, signal)
      const stamp = stampOf(file.stats)
      const manifest = await this.#hash(file, signal, onProgress)
      const after = await file.handle.stat({ bigint: true })
      if (manifest === undefined || stampOf(after) !== stamp) throw changed(path)
      return { manifest, stamp }
    } catch (cause) {
      signal.throwIfAborted()
      throw toFileError(cause, path)
    } finally {
      await file.handle.close()
    }
  }

  /**
   * Waits until the tick of the file's last change is over: what is written from then on shows in its
   * stamp. A clock that is ahead, as a file server's may be, costs one tick.
   */
  async #settle({ stats }: OpenFile, signal: AbortSignal): Promise<void> {
    const ageMs = this.#clock.wallMs() - Number(stats.ctimeMs)
    const leftMs = Math.min(STAMP_TICK_MS, STAMP_TICK_MS - ageMs)
    if (leftMs > 0) await sleep(this.#clock, leftMs, { signal })
  }

  /** @returns undefined where the file has become shorter */
  async #hash(
    { handle, stats }: OpenFile,
    signal: AbortSignal,
    onProgress: HashOptions['onProgress']
  ): Promise<FileManifest | undefined> {
    const plan = planPieces(Number(stats.size))
    if (plan.sizeBytes <= SMALL_BYTES) {
      const bytes = await readWhole(handle, 0, plan.sizeBytes)
      if (bytes !== undefined) onProgress?.(bytes.length)
      return bytes && manifestOf(bytes)
    }
    const hashes = new Uint8Array(plan.count * HASH_BYTES)
    const tasks = tasksOf(handle.fd, plan)
    let hashedBytes = 0
    let isWhole = true
    /** Takes the next task again and again; all lanes have ended before the file is closed. */
    const lane = async (): Promise<void> => {
      for (const task of tasks) {
        signal.throwIfAborted()
        assert(this.#pool !== undefined, 'the hasher is started before it is used')
        // One after the other: each lane keeps one thread busy.
        // oxlint-disable-next-line no-await-in-loop
        const part = (await this.#pool.run(task, { name: 'hashPieces' })) as Uint8Array | undefined
        if (part === undefined || !isWhole) return void (isWhole = false)
        hashes.set(part, (task.offset / plan.pieceBytes) * HASH_BYTES)
        hashedBytes += task.bytes
        onProgress?.(hashedBytes)
      }
    }
    // One more than threads, so that no thread waits for us.
    const lanes = await Promise.allSettled(Array.from({ length: this.threads + 1 }, lane))
    const failed = lanes.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    return isWhole ? makeManifest(plan, hashes) : undefined
  }
}

/** Shared by all lanes: each task is taken once. */
function* tasksOf(descriptor: number, plan: PiecePlan): Generator<HashTask, undefined> {
  const { pieceBytes, sizeBytes } = plan
  const step = Math.max(TASK_BYTES, pieceBytes)
  for (let offset = 0; offset < sizeBytes; offset += step) {
    yield { descriptor, offset, bytes: Math.min(step, sizeBytes - offset), pieceBytes }
  }
}
