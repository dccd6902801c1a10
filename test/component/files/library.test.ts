import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  beginPart,
  codeOf,
  openLibrary,
  someBytes,
  useFolders
} from '../../support/open-library.ts'
import { makeManifest } from '../../../src/files/content/manifest.ts'
import { pieceHash } from '../../../src/files/content/content-tree.ts'
import { pieceSpan, planPieces } from '../../../src/files/content/piece-plan.ts'
import { until } from '../../support/until.ts'
import { readFolder } from '../../../src/files/content/folder-manifest.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'

const newFolder = useFolders()
const KIB = 1_024
const MIB = 1_024 * KIB

function manifestOf(bytes: Uint8Array): FileManifest {
  const plan = planPieces(bytes.length)
  const hashes = Array.from({ length: plan.count }, (_, index) => pieceHash(pieceAt(bytes, index)))
  return makeManifest(plan, new Uint8Array(Buffer.concat(hashes)))
}

function pieceAt(bytes: Uint8Array, index: number): Uint8Array {
  const span = pieceSpan(planPieces(bytes.length), index)
  return bytes.subarray(span.offset, span.offset + span.bytes)
}

async function readAll(library: FileLibrary, id: string): Promise<Buffer> {
  const { plan } = library.manifest(id) as FileManifest
  const pieces = Array.from({ length: plan.count }, (_, index) => library.readPiece(id, index))
  return Buffer.concat(await Promise.all(pieces))
}

function eventsOf(library: FileLibrary): string[] {
  const events: string[] = []
  library.events.on('added', ({ name }) => events.push(`added ${name}`))
  library.events.on('removed', () => events.push('removed'))
  return events
}

test.each([0, 1, 64 * KIB, 64 * KIB + 1, 5 * MIB + 3])(
  'a file of %d bytes is hashed by threads as by hand, and read piece by piece',
  async (length) => {
    const library = await openLibrary(newFolder())
    const bytes = someBytes(length)
    const path = join(newFolder(), 'some.bin')
    writeFileSync(path, bytes)
    const entry = await library.add(path)
    expect(entry).toMatchObject({ name: 'some.bin', sizeBytes: length, isComplete: true })
    expect(library.manifest(entry.id)).toEqual(manifestOf(bytes))
    expect(Buffer.compare(await readAll(library, entry.id), bytes)).toBe(0)
    expect(await codeOf(library.readPiece(entry.id, planPieces(length).count))).toBe(
      'FIELD_INVALID'
    )
    expect(await codeOf(library.readPiece(`${entry.id.slice(0, -1)}0`, 0))).toBe('FILE_NOT_FOUND')
    expect(await library.verify(entry.id)).toBe(true)
  }
)

test('a file that is written to while it is hashed is refused', async () => {
  const library = await openLibrary(newFolder())
  const path = join(newFolder(), 'growing')
  const bytes = someBytes(24 * MIB)
  const touch = [
    () => appendFileSync(path, 'x'),
    () => writeFileSync(path, bytes.subarray(0, 5)),
    // The same length, and the old time set again: only the time that nobody can set tells it.
    () => {
      const { atime, mtime } = statSync(path)
      writeFileSync(path, 'other bytes', { flag: 'r+' })
      utimesSync(path, atime, mtime)
    }
  ]
  for (const write of touch) {
    writeFileSync(path, bytes)
    let isWritten = false
    const onProgress = (): void => {
      if (!isWritten) write()
      isWritten = true
    }
    // oxlint-disable-next-line no-await-in-loop
    expect(await codeOf(library.add(path, { onProgress }))).toBe('FILE_CHANGED')
  }
  expect(library.list()).toEqual([])
})

test('hashing can be called off', async () => {
  const library = await openLibrary(newFolder())
  const path = join(newFolder(), 'large')
  writeFileSync(path, someBytes(24 * MIB))
  const stop = new AbortController()
  const seen: number[] = []
  const adding = library.add(path, {
    signal: stop.signal,
    onProgress: (hashedBytes) => {
      seen.push(hashedBytes)
      stop.abort(new Error('enough'))
    }
  })
  await expect(adding).rejects.toThrow('enough')
  expect(Math.max(...seen)).toBeLessThan(24 * MIB)
})

test('a node that stops leaves what it hashes, and says so', async () => {
  const library = await openLibrary(newFolder())
  const path = join(newFolder(), 'large')
  writeFileSync(path, someBytes(48 * MIB))
  const begun = Promise.withResolvers<void>()
  const adding = codeOf(library.add(path, { onProgress: () => begun.resolve() }))
  await begun.promise
  await library.stop()
  expect(await adding).toBe('STOPPING')
})

test('a shared file that was changed is withdrawn, whoever hides it, and never served', async () => {
  const library = await openLibrary(newFolder())
  const events = eventsOf(library)
  const path = join(newFolder(), 'film')
  const other = `${path}.other`
  const changes = [
    () => appendFileSync(path, 'x'),
    () => writeFileSync(path, 'y', { flag: 'r+' }),
    () => {
      const { atime, mtime } = statSync(path)
      writeFileSync(path, 'y', { flag: 'r+' })
      utimesSync(path, atime, mtime)
    },
    () => {
      writeFileSync(other, someBytes(300 * KIB, 2))
      renameSync(other, path)
    },
    () => rmSync(path)
  ]
  for (const change of changes) {
    /* oxlint-disable no-await-in-loop */
    writeFileSync(path, someBytes(300 * KIB))
    const { id } = await library.add(path)
    await library.readPiece(id, 0)
    change()
    expect(await codeOf(library.readPiece(id, 0))).toBe('FILE_NOT_FOUND')
    expect(library.get(id)).toBeUndefined()
    expect(events.splice(0)).toEqual(['added film', 'removed'])
    /* oxlint-enable no-await-in-loop */
  }
})

test('equal files are one; it is here until the last of them has gone', async () => {
  const library = await openLibrary(newFolder())
  const events = eventsOf(library)
  const folder = newFolder()
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  writeFileSync(one, someBytes(100 * KIB))
  copyFileSync(one, two)
  const { id } = await library.add(one)
  expect(await library.add(two)).toMatchObject({ id, name: 'one', sharedCount: 2 })
  expect(await library.addBytes(someBytes(100 * KIB), 'three')).toMatchObject({ id, own: 'blob' })
  rmSync(one)
  rmSync(two)
  await library.remove(id)
  expect(library.list()).toEqual([])
  expect(await codeOf(library.remove(id))).toBe('FILE_NOT_FOUND')
  expect(events).toEqual(['added one', 'removed'])
})

test('a file of the store that is damaged is found by verify, and one that was cut when it is read', async () => {
  const folder = newFolder()
  const library = await openLibrary(folder)
  const cut = await library.addBytes(someBytes(200 * KIB, 3), 'cut')
  const bent = await library.addBytes(someBytes(200 * KIB, 4), 'bent')
  const blobOf = (id: string): string => join(folder, 'blobs', id.slice(7, 9), id.slice(7))
  writeFileSync(blobOf(bent.id), 'y', { flag: 'r+' })
  writeFileSync(blobOf(cut.id), 'y')
  expect(await library.verify(bent.id)).toBe(false)
  expect(await codeOf(library.readPiece(cut.id, 0))).toBe('FILE_NOT_FOUND')
  expect(library.list()).toEqual([])
})

test('the same bytes may be added many times at once', async () => {
  const library = await openLibrary(newFolder())
  const bytes = someBytes(700 * KIB)
  const entries = await Promise.all(
    Array.from({ length: 8 }, (_, index) => library.addBytes(bytes, `output-${index}`))
  )
  expect(new Set(entries.map(({ id }) => id)).size).toBe(1)
  expect(library.list()).toHaveLength(1)
  expect(library.totals()).toMatchObject({ fileCount: 1, ownBytes: bytes.length })
  expect(await codeOf(library.addBytes(bytes, '../x'))).toBe('FIELD_INVALID')
})

test('a folder is added as one, and is another once something in it has changed', async () => {
  const library = await openLibrary(newFolder())
  const folder = newFolder()
  mkdirSync(join(folder, 'inner'))
  writeFileSync(join(folder, 'inner', 'a'), 'a')
  writeFileSync(join(folder, 'b'), 'b')
  const first = await library.addFolder(folder)
  const entries = readFolder(await library.readPiece(first.id, 0))
  expect(entries.map(({ path, size }) => [path, size])).toEqual([
    ['b', 1],
    ['inner/a', 1]
  ])
  expect(entries.every(({ id }) => library.get(id)?.isComplete)).toBe(true)
  expect((await library.addFolder(folder)).id).toBe(first.id)
  writeFileSync(join(folder, 'b'), 'c')
  expect((await library.addFolder(folder)).id).not.toBe(first.id)
  // A part of a shared folder is a folder as well.
  const inner = await library.addFolder(join(folder, 'inner'))
  expect(readFolder(await library.readPiece(inner.id, 0))).toMatchObject([{ path: 'a' }])
})

test('what is no plain file is refused', async () => {
  const library = await openLibrary(newFolder())
  const folder = newFolder()
  symlinkSync('/etc/passwd', join(folder, 'link'))
  expect(await codeOf(library.add(join(folder, 'link')))).toBe('FILE_UNREADABLE')
  expect(await codeOf(library.add(folder))).toBe('FILE_UNREADABLE')
  expect(await codeOf(library.add(join(folder, 'none')))).toBe('FILE_UNREADABLE')
  expect(await codeOf(library.share(join(folder, 'link')))).toBe('FILE_UNREADABLE')
  expect(await codeOf(library.add('/dev/zero'))).toBe('FILE_UNREADABLE')
})

test('a part is checked piece by piece, read while it grows, and goes on where it stopped', async () => {
  const folder = newFolder()
  const bytes = someBytes(MIB + 5)
  const manifest = manifestOf(bytes)
  const { id } = manifest
  const first = await openLibrary(folder)
  const events = eventsOf(first)
  const part = await beginPart(first, manifest, '../film')
  expect(await codeOf(first.openPart({ manifest, name: 'film' }))).toBe('FILE_BUSY')
  expect(await codeOf(first.remove(id))).toBe('FILE_BUSY')
  expect(await codeOf(part.write(1, pieceAt(bytes, 2)))).toBe('PIECE_INVALID')
  expect(await codeOf(part.write(7, pieceAt(bytes, 2)))).toBe('PIECE_INVALID')
  await Promise.all([4, 1].map((index) => part.write(index, pieceAt(bytes, index))))
  expect([...part.verified]).toEqual([1, 4])
  expect(await first.readPiece(id, 4)).toEqual(new Uint8Array(pieceAt(bytes, 4)))
  expect(await codeOf(first.readPiece(id, 0))).toBe('FILE_NOT_FOUND')
  expect(first.get(id)).toMatchObject({ name: '.._film', isComplete: false, own: 'part' })
  await first.stop()

  const second = await openLibrary(folder)
  expect([...(second.pieces(id) ?? [])]).toEqual([1, 4])
  expect(await second.readPiece(id, 1)).toEqual(new Uint8Array(pieceAt(bytes, 1)))
  const rest = await beginPart(second, manifest)
  expect([...rest.verified]).toEqual([1, 4])
  for (const index of [0, 2, 3]) void rest.write(index, pieceAt(bytes, index))
  // What was begun is done first.
  await rest.close()
  const whole = await beginPart(second, manifest)
  expect(whole.verified.isFull).toBe(true)
  const added = eventsOf(second)
  await whole.finish()
  expect([events, added]).toEqual([[], ['added .._film']])
  expect(Buffer.compare(await readAll(second, id), bytes)).toBe(0)
  expect(await second.verify(id)).toBe(true)
})

test('a file that has become whole by other means is not begun again', async () => {
  const library = await openLibrary(newFolder())
  const bytes = someBytes(1_000)
  const manifest = manifestOf(bytes)
  // One after the other, as room is made for each first.
  const adding = library.addBytes(bytes, 'film')
  await adding
  expect(await library.openPart({ manifest, name: 'film' })).toBeUndefined()
  // What is being brought by somebody else is whole by the time that the turn comes.
  const other = manifestOf(someBytes(1_000, 2))
  const part = await beginPart(library, other)
  const writing = part.write(0, someBytes(1_000, 2)).then(() => part.finish())
  const second = library.addBytes(someBytes(5, 3), 'x').then(async () => {
    await writing
    return await library.openPart({ manifest: other, name: 'film' })
  })
  expect(await second).toBeUndefined()
  expect(library.get(other.id)).toMatchObject({ own: 'blob', isComplete: true })
})

test('a part that somebody has cut is fetched anew', async () => {
  const folder = newFolder()
  const bytes = someBytes(MIB)
  const manifest = manifestOf(bytes)
  const first = await openLibrary(folder)
  const part = await beginPart(first, manifest)
  await part.write(0, pieceAt(bytes, 0))
  await first.stop()
  writeFileSync(join(folder, 'parts', manifest.id.slice(7)), '')
  const second = await openLibrary(folder)
  expect([...(await beginPart(second, manifest)).verified]).toEqual([])
})

test('the store has one owner, and agrees with its disk after every start', async () => {
  const folder = newFolder()
  const first = await openLibrary(folder)
  const [kept, gone] = await Promise.all([
    first.addBytes(someBytes(9, 5), 'kept'),
    first.addBytes(someBytes(9, 6), 'gone')
  ])
  expect(await codeOf(openLibrary(folder))).toBe('NODE_ALREADY_RUNNING')
  await first.stop()
  await first.stop()
  rmSync(join(folder, 'blobs', gone.id.slice(7, 9)), { recursive: true })
  const orphan = join(folder, 'parts', 'a'.repeat(64))
  const foreign = join(folder, 'parts', 'notes.txt')
  for (const path of [orphan, foreign]) writeFileSync(path, 'x')
  const second = await openLibrary(folder)
  expect(second.list()).toMatchObject([{ id: kept.id }])
  expect(() => readFileSync(orphan)).toThrow('ENOENT')
  expect(readFileSync(foreign, 'utf8')).toBe('x')
})

test('what was fetched is found again when the index is lost, if it is what its name says', async () => {
  const folder = newFolder()
  const first = await openLibrary(folder)
  const good = await first.addBytes(someBytes(300 * KIB, 5), 'good')
  const bad = await first.addBytes(someBytes(300 * KIB, 6), 'bad')
  await first.stop()
  const blobOf = (id: string): string => join(folder, 'blobs', id.slice(7, 9), id.slice(7))
  writeFileSync(blobOf(bad.id), 'y', { flag: 'r+' })
  rmSync(join(folder, 'index.db'))
  const second = await openLibrary(folder)
  await until(
    'good file alone',
    () => [second.list().map(({ id }) => id), existsSync(blobOf(bad.id))],
    (seen) => JSON.stringify(seen) === JSON.stringify([[good.id], false])
  )
  expect(Buffer.compare(await readAll(second, good.id), someBytes(300 * KIB, 5))).toBe(0)
})

test.each([
  ['no database', 'this is not a database, and longer than a header of one'.repeat(99)],
  ['a database of a newer version', 'PRAGMA application_id = 1953326712; PRAGMA user_version = 99'],
  ['a database of another program', 'CREATE TABLE other (a); PRAGMA user_version = 1']
])('an index that is %s is left alone', async (_, content) => {
  const folder = newFolder()
  const file = join(folder, 'index.db')
  if (content.startsWith('this')) writeFileSync(file, content)
  else {
    const db = new DatabaseSync(file)
    db.exec(content)
    db.close()
  }
  const before = readFileSync(file)
  expect(await codeOf(openLibrary(folder))).toBe('STORE_FAILED')
  expect(readFileSync(file)).toEqual(before)
})

test('what was used longest ago makes room; what is pinned or being fetched stays', async () => {
  const clock = new FakeClock()
  const library = await openLibrary(newFolder(), { clock, budgetBytes: MIB })
  const names = (): string[] => library.list().map(({ name }) => name)
  const put = (name: string, kib: number): Promise<{ id: string }> => {
    clock.advance(120_000)
    return library.addBytes(someBytes(kib * KIB, name.charCodeAt(0)), name)
  }
  const a = await put('a', 300)
  await put('b', 300)
  const c = await put('c', 300)
  clock.advance(120_000)
  await library.readPiece(a.id, 0)
  await put('d', 300)
  expect(names()).toEqual(['a', 'c', 'd'])
  library.pin(c.id)
  await put('e', 600)
  expect(names()).toEqual(['c', 'e'])
  // Nothing goes for what would not fit anyway.
  expect(await codeOf(put('f', 800))).toBe('STORE_FULL')
  expect(names()).toEqual(['c', 'e'])
  const begun = someBytes(500 * KIB, 8)
  const part = await beginPart(library, manifestOf(begun), 'part')
  expect(names()).toEqual(['c', 'part'])
  expect(await codeOf(put('g', 600))).toBe('STORE_FULL')
  await part.close()
  library.pin(c.id, false)
  clock.advance(1)
  await put('h', 1_000)
  expect(names()).toEqual(['h'])
  expect(library.totals()).toMatchObject({ ownBytes: 1_000 * KIB, budgetBytes: MIB })
})

test('an index of the first version goes on with what it had, and can keep files for jobs', async () => {
  const folder = newFolder()
  const first = await openLibrary(folder)
  const { id } = await first.addBytes(someBytes(KIB), 'old')
  await first.stop()
  const db = new DatabaseSync(join(folder, 'index.db'))
  db.exec('DROP TABLE keeps; PRAGMA user_version = 1')
  db.close()
  const library = await openLibrary(folder)
  const untilMs = Date.UTC(2100, 0)
  library.keep(id, { keptFor: 'j-1', untilMs })
  expect(library.get(id)).toMatchObject({ name: 'old', keptFor: ['j-1'], keptUntilMs: untilMs })
  await library.remove(id)
  expect(library.keptUntil(id, 'j-1')).toBeUndefined()
})

test('a file that is kept no longer, as its time is up, is told of as changed', async () => {
  const clock = new FakeClock()
  const library = await openLibrary(newFolder(), { clock })
  const { id } = await library.addBytes(someBytes(KIB), 'kept')
  const inAMinute = clock.wallMs() + 60_000
  library.keep(id, { keptFor: 'j-short', untilMs: inAMinute })
  library.keep(id, { keptFor: 'j-long', untilMs: inAMinute + 60_000 })
  expect(library.freeableBytes()).toBe(library.totals().budgetBytes - KIB)
  const told: (readonly string[])[] = []
  library.events.on('changed', ({ keptFor }) => told.push(keptFor))
  clock.advance(59_000)
  expect(told).toEqual([])
  clock.advance(60_000)
  expect(told).toEqual([['j-long']])
  clock.advance(60_000)
  expect(told).toEqual([['j-long'], []])
  expect(library.freeableBytes()).toBe(library.totals().budgetBytes)
})

test('a file is kept for all who wanted it after a restart too', async () => {
  const folder = newFolder()
  const first = await openLibrary(folder)
  const { id } = await first.addBytes(someBytes(KIB), 'kept')
  const untilMs = Date.UTC(2100, 0)
  for (let number = 0; number < 70; number += 1) {
    first.keep(id, { keptFor: `j-${number}`, untilMs: untilMs + number })
  }
  await first.stop()
  const library = await openLibrary(folder)
  const { keptFor = [], keptUntilMs } = library.get(id) ?? {}
  expect(keptUntilMs).toBe(untilMs + 69)
  // Those who want it longest are told of.
  expect([keptFor.length, keptFor[0], keptFor.at(-1)]).toEqual([64, 'j-69', 'j-6'])
  expect(library.keptUntil(id, 'j-0')).toBe(untilMs)
})
