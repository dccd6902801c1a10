/**
 * A little room on the disk that is kept for the index: when a download has filled the disk, what it has
 * got can still be written down, and files can still be removed.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'

/** Dozens of the largest records of which pieces are here. */
const RESERVE_BYTES = 1_048_576

export class DiskReserve {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** Takes the room, if it is free. */
  take(): void {
    if (existsSync(this.#file)) return
    try {
      // Not zeros, which some file systems store as nothing.
      writeFileSync(this.#file, randomBytes(RESERVE_BYTES), { mode: 0o600 })
    } catch {
      this.release()
    }
  }

  /** @returns whether there was any */
  release(): boolean {
    const isThere = existsSync(this.#file)
    rmSync(this.#file, { force: true })
    return isThere
  }
}
