/** A file library on the real disk, in a folder that goes when the tests of a file are over. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { seededRandom } from '../../src/core/random.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { FileLibrary } from '../../src/files/store/library.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { FileLibraryInit } from '../../src/files/store/library.ts'
import type { FileManifest } from '../../src/files/content/manifest.ts'
import type { MeshError } from '../../src/core/errors.ts'
import type { PartFile } from '../../src/files/store/part-file.ts'

/** Names a folder that is there and empty. */
export function useFolders(): () => string {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'file-library-')))
  afterAll(() => rmSync(base, { recursive: true, force: true }))
  let count = 0
  return () => {
    count += 1
    const folder = join(base, String(count))
    mkdirSync(folder)
    return folder
  }
}

/** A library that has started, and stops with the test at the latest. */
export async function openLibrary(
  folder: string,
  init: Omit<FileLibraryInit, 'folder'> & { clock?: Clock } = {}
): Promise<FileLibrary> {
  const { clock = systemClock, ...rest } = init
  const library = new FileLibrary(
    { clock, logger: silentLogger },
    { folder, threads: 2, sharing: { quietMs: 0 }, ...rest }
  )
  onTestFinished(() => library.stop())
  await library.start()
  return library
}

/** Begins a part of which not all is here. */
export async function beginPart(
  library: FileLibrary,
  manifest: FileManifest,
  name = 'film'
): Promise<PartFile> {
  const part = await library.openPart({ manifest, name })
  if (part === undefined) throw new Error(`${manifest.id} is here already`)
  return part
}

/** The same bytes for the same seed; no piece of them is like another. */
export function someBytes(length: number, seed = 1): Buffer {
  const random = seededRandom(seed)
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let index = 0; index < words.length; index++) words[index] = random.next() * 2 ** 32
  return Buffer.from(words.buffer, 0, length)
}

/** The code of what went wrong. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing went wrong',
    (cause: unknown) => (cause as MeshError).code
  )
}
