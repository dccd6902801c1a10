/**
 * The pipes through which tasks write. Node's own are sockets, and those can't be opened a second time:
 * `tee /dev/stderr` would fail. A FIFO can, by whoever owns it. They are made by the dozen, because the
 * tool that makes them costs as much as a task's start, and each is used once: nothing of a task, not
 * even a mode that it changed, meets the next one. They lie among the system's temporary files, as a task
 * can read the names that its pipes had.
 */
import { chownSync, closeSync, constants, mkdtempSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findTool } from './system-view.ts'
import { ownFolders } from './own-folders.ts'
import { removeTree } from './remove-tree.ts'
import { tmpdir } from 'node:os'

export interface FifoStoreInit {
  /** What this node's folders begin with. */
  mark: string
  /** Who may open them. */
  uid: number
}

/** Both ends, open; nothing of it has a name any more. */
export interface Fifo {
  /** Never waits: it is for Node's own loop. */
  readEnd: number
  /** As programs expect it. */
  writeEnd: number
}

/** Two for a task, so that some dozen tasks begin before more are needed. */
const BATCH_COUNT = 32

const run = promisify(execFile)

export class FifoStore {
  readonly #init: FifoStoreInit
  #tool = ''
  #folder = ''
  #ready: string[] = []
  #madeCount = 0
  #making: Promise<void> | undefined

  constructor(init: FifoStoreInit) {
    this.#init = init
  }

  /** Removes what an earlier run left. @throws MeshError ENGINE_UNAVAILABLE; or what the file system says that has no FIFOs */
  async start(): Promise<void> {
    this.#tool = findTool('mkfifo', 'coreutils')
    const prefix = `${this.#init.mark}-streams-`
    await Promise.all(ownFolders(tmpdir(), prefix).map(removeTree))
    this.#folder = mkdtempSync(join(tmpdir(), prefix))
    await this.#make()
  }

  async take(): Promise<Fifo> {
    while (this.#ready.length === 0) await this.#make()
    const path = this.#ready.pop() ?? ''
    if (this.#ready.length < BATCH_COUNT / 2) void this.#make().catch(ignore)
    if (process.getuid?.() !== this.#init.uid) chownSync(path, this.#init.uid, this.#init.uid)
    // In this order: a FIFO without a reader can't be opened for writing.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writeEnd = openSync(path, constants.O_WRONLY)
    unlinkSync(path)
    return { readEnd, writeEnd }
  }

  async stop(): Promise<void> {
    await this.#making?.catch(ignore)
    this.#ready = []
    if (this.#folder !== '') await removeTree(this.#folder)
  }

  /** Whoever comes meanwhile waits for the same ones. */
  async #make(): Promise<void> {
    this.#making ??= this.#makeBatch().finally(() => (this.#making = undefined))
    await this.#making
  }

  async #makeBatch(): Promise<void> {
    const names = Array.from({ length: BATCH_COUNT }, (_, index) =>
      join(this.#folder, String(this.#madeCount + index))
    )
    this.#madeCount += BATCH_COUNT
    await run(this.#tool, ['-m', '600', ...names], { env: {} })
    this.#ready.push(...names)
  }
}

export function closeFifo({ readEnd, writeEnd }: Fifo): void {
  closeSync(readEnd)
  closeSync(writeEnd)
}

/** Who needs one next hears of it. */
function ignore(): void {}
