/** Files that become whole at the same time: all of them are here, and the disk was waited for once for many. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BlobCommits } from '../../../src/files/store/blob-commits.ts'
import { OwnPlaces } from '../../../src/files/store/own-places.ts'
import { codeOf, openLibrary, useFolders } from '../../support/open-library.ts'
import { idOf } from '../../support/fake-library.ts'

const newFolder = useFolders()
const IDS = Array.from({ length: 40 }, (_, index) => idOf(index))

interface Commits {
  commits: BlobCommits
  own: OwnPlaces
  /** What the index was told, change by change. */
  changes: string[][]
}

function makeCommits(ids: readonly string[], failure?: Error): Commits {
  const own = new OwnPlaces(newFolder())
  mkdirSync(join(own.folder, 'parts'))
  for (const id of ids) writeFileSync(own.part(id), id)
  const changes: string[][] = []
  const index = {
    completeParts: (all: readonly string[]): void => {
      if (failure !== undefined) throw failure
      changes.push([...all])
    }
  }
  const openFiles = { close: async (): Promise<void> => {} }
  return { commits: new BlobCommits({ index, openFiles, own }), own, changes }
}

test('those that come while the disk is busy are one change of the index', async () => {
  const { changes, commits, own } = makeCommits(IDS)
  await Promise.all(IDS.map((id) => commits.commit(id)))
  expect(changes.map(({ length }) => length)).toEqual([1, IDS.length - 1])
  expect(changes.flat().toSorted()).toEqual(IDS.toSorted())
  expect(own.ids('blobs')).toEqual(new Set(IDS))
  expect(readdirSync(join(own.folder, 'parts'))).toEqual([])
})

test('one whose part is gone fails alone', async () => {
  const { changes, commits, own } = makeCommits(IDS)
  const lost = IDS[7] as string
  rmSync(own.part(lost))
  const codes = await Promise.all(IDS.map((id) => codeOf(commits.commit(id))))
  expect(codes.filter((code) => code === 'STORE_FAILED')).toHaveLength(1)
  expect(codes[7]).toBe('STORE_FAILED')
  expect(changes.flat()).not.toContain(lost)
  expect(existsSync(own.blob(lost))).toBe(false)
})

test('where the index takes nothing, each hears of it, and the next are tried anew', async () => {
  const { commits } = makeCommits(IDS, new Error('no more room'))
  const codes = await Promise.all(IDS.map((id) => codeOf(commits.commit(id))))
  expect(new Set(codes)).toEqual(new Set(['STORE_FAILED']))
  expect(await codeOf(commits.commit(IDS[0] as string))).toBe('STORE_FAILED')
})

test('hundreds of files are taken in at once, some of them alike, and their room is counted right', async () => {
  const folder = newFolder()
  const library = await openLibrary(join(folder, 'store'))
  const { ownBytes } = library.totals()
  expect(ownBytes).toBe(0)
  const texts = Array.from({ length: 300 }, (_, index) => `text ${index % 250}`)
  const entries = await Promise.all(
    texts.map(async (text, index) => {
      const path = join(folder, `left-${index}`)
      writeFileSync(path, text)
      return await library.addFile({ path, name: `text-${index}`, canMove: index % 2 === 0 })
    })
  )
  const alike = new Map(entries.map(({ id, sizeBytes }) => [id, sizeBytes]))
  const sizeBytes = [...alike.values()].reduce((sum, bytes) => sum + bytes, 0)
  expect(alike.size).toBe(250)
  expect(library.totals()).toMatchObject({ fileCount: 250, ownBytes: sizeBytes })
  const gone = [...alike].slice(0, 50)
  await Promise.all(gone.map(([id]) => library.remove(id)))
  const left = gone.reduce((sum, [, bytes]) => sum - bytes, sizeBytes)
  expect(library.totals()).toMatchObject({ fileCount: 200, ownBytes: left })
  await library.stop()
  const again = await openLibrary(join(folder, 'store'))
  expect(again.totals()).toMatchObject({ fileCount: 200, ownBytes: left })
})
