/**
 * All that a task wrote, on the disk, from the moment on in which it is more than its router is sent. It is
 * written without waiting: what comes in a moment is little, and the system's memory takes it.
 */
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LIMITS } from '../core/limits.ts'

export class LogSpool {
  readonly path: string
  readonly #bytesMax: number
  #handle: number | undefined
  #bytes = 0
  /** Something is missing: it is not all of the log. */
  #isTorn = false

  constructor(path: string, bytesMax: number = LIMITS.logSpoolBytesMax) {
    this.path = path
    this.#bytesMax = bytesMax
  }

  /** Whether there is anything in it, without a gap but the one at its bound. */
  get isUsable(): boolean {
    return this.#bytes > 0 && !this.#isTorn
  }

  write(text: string): void {
    const bytes = Buffer.from(text)
    const kept = bytes.subarray(0, this.#bytesMax - this.#bytes)
    if (this.#isTorn || kept.length === 0) return
    try {
      this.#handle ??= openSync(this.path, 'wx', 0o600)
      for (let at = 0; at < kept.length;) at += writeSync(this.#handle, kept, at)
      this.#bytes += kept.length
    } catch {
      // A full disk costs the file, and the first part is with the router all the same.
      this.#isTorn = true
    }
  }

  /** Nothing more is written. */
  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle)
    this.#handle = undefined
  }

  /** What nobody has taken goes. Most tasks write little, and cost no look at the disk. */
  remove(): void {
    this.close()
    if (this.#bytes > 0 || this.#isTorn) rmSync(this.path, { force: true })
  }
}

/** Where a worker's spools lie. What an earlier life has left goes at the start. */
export class LogSpools {
  readonly #folder: string
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  start(): void {
    rmSync(this.#folder, { recursive: true, force: true })
    mkdirSync(this.#folder, { recursive: true })
    chmodSync(this.#folder, 0o700)
  }

  /** Nothing is on the disk before something is written. */
  next(): LogSpool {
    this.#count += 1
    return new LogSpool(join(this.#folder, `${this.#count}.log`))
  }
}
