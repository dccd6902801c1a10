/** Files that are handed in: how many at once, and what becomes of those that nobody goes on with. */
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { Uploads } from '../../../src/files/service/uploads.ts'
import { codeOf, openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { makeManifest } from '../../../src/files/content/manifest.ts'
import { onTestFinished } from 'vitest'
import { pieceHash } from '../../../src/files/content/content-tree.ts'
import { planPieces } from '../../../src/files/content/piece-plan.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { UploadsInit } from '../../../src/files/service/uploads.ts'

const newFolder = useFolders()
const BYTES = 1_000

function manifestOf(seed: number): FileManifest {
  return makeManifest(planPieces(BYTES), pieceHash(someBytes(BYTES, seed)))
}

async function* bodyOf(seed: number): AsyncGenerator<Uint8Array> {
  yield someBytes(BYTES, seed)
}

async function start(init: UploadsInit = {}): Promise<{
  clock: FakeClock
  library: FileLibrary
  uploads: Uploads
  announce: (seed: number, keepUntilMs?: number) => ReturnType<Uploads['announce']>
  whole: [string, number][]
}> {
  const clock = new FakeClock()
  const library = await openLibrary(newFolder())
  const whole: [string, number][] = []
  const onWhole = (id: string, keepUntilMs: number): void => void whole.push([id, keepUntilMs])
  const uploads = new Uploads({ clock, library, onWhole }, init)
  await uploads.start()
  onTestFinished(() => uploads.stop())
  const announce = (seed: number, keepUntilMs = 0): ReturnType<Uploads['announce']> =>
    uploads.announce({ manifest: manifestOf(seed), name: 'x', keepUntilMs })
  return { announce, clock, library, uploads, whole }
}

test('the longest wish of those who announced a file counts', async () => {
  const { announce, uploads, whole } = await start()
  await announce(1, 5)
  await announce(1, Infinity)
  await announce(1, 7)
  const { id } = manifestOf(1)
  await uploads.put(id, 0, bodyOf(1))
  expect(whole).toEqual([[id, Infinity]])
  await announce(1, 9)
  expect(whole.at(-1)).toEqual([id, 9])
})

test('one more than may be open puts the longest idle aside', async () => {
  const { announce, clock, library, uploads } = await start({ openMax: 2 })
  await announce(1)
  clock.advance(1)
  await announce(2)
  await announce(3)
  expect(await codeOf(uploads.put(manifestOf(1).id, 0, bodyOf(1)))).toBe('FILE_NOT_FOUND')
  expect(library.get(manifestOf(1).id)?.own).toBe('part')
  await uploads.put(manifestOf(2).id, 0, bodyOf(2))
  await announce(1)
  await uploads.put(manifestOf(1).id, 0, bodyOf(1))
  expect(library.get(manifestOf(1).id)?.isComplete).toBe(true)
})

test('where none is idle, one more is refused', async () => {
  const { announce, uploads } = await start({ openMax: 1 })
  await announce(1)
  const stuck = Promise.withResolvers<void>()
  const body = async function* (): AsyncGenerator<Uint8Array> {
    await stuck.promise
    yield someBytes(BYTES, 1)
  }
  const putting = uploads.put(manifestOf(1).id, 0, body())
  await Promise.resolve()
  await Promise.resolve()
  expect(await codeOf(announce(2))).toBe('TOO_MANY_REQUESTS')
  stuck.resolve()
  await putting
  await announce(2)
})

test('what gets nothing for a while is put aside, and can be fetched or removed then', async () => {
  const { announce, clock, library, uploads } = await start({ idleMs: 60_000 })
  await announce(1)
  const { id } = manifestOf(1)
  expect(await codeOf(library.remove(id))).toBe('FILE_BUSY')
  clock.advance(120_000)
  await expect.poll(() => codeOf(library.remove(id))).toBe('nothing went wrong')
  expect(await codeOf(uploads.put(id, 0, bodyOf(1)))).toBe('FILE_NOT_FOUND')
})
