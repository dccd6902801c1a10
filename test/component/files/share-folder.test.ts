import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { codeOf, openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { nameFault } from '../../../src/model/safe-name.ts'
import { until } from '../../support/until.ts'
import type { FileEntry } from '../../../src/files/store/file-index.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'

const newFolder = useFolders()

function namesOf(library: FileLibrary): string[] {
  return library.list().map(({ name }) => name)
}

async function untilNames(library: FileLibrary, names: string[]): Promise<void> {
  const wanted = JSON.stringify(names)
  await until(
    `list of ${wanted}`,
    () => namesOf(library),
    (seen) => JSON.stringify(seen) === wanted
  )
}

test('a restart remembers everything and hashes nothing but what has changed', async () => {
  const [home, folder] = [newFolder(), newFolder()]
  mkdirSync(join(folder, 'a', 'b'), { recursive: true })
  for (const name of ['one', 'two', 'a/three', 'a/b/four']) {
    writeFileSync(join(folder, name), someBytes(90_000, name.length))
  }
  const first = await openLibrary(home)
  expect(await first.share(folder)).toMatchObject({ fileCount: 4, hashedFiles: 4, problems: [] })
  expect(await first.share(join(folder, 'a'))).toMatchObject({ fileCount: 4, hashedFiles: 0 })
  const before = first.list()
  const alone = join(newFolder(), 'alone')
  writeFileSync(alone, 'alone')
  const { id } = await first.add(alone)
  await first.stop()

  writeFileSync(join(folder, 'two'), 'y', { flag: 'r+' })
  unlinkSync(join(folder, 'one'))
  const second = await openLibrary(home)
  expect(second.sharedFolders()).toEqual([folder])
  const report = await second.share(folder)
  expect(report).toMatchObject({ fileCount: 3, hashedFiles: 1, hashedBytes: 90_000 })
  const unchanged = before.filter(({ name }) => name === 'three' || name === 'four')
  expect(second.list()).toEqual(expect.arrayContaining(unchanged))
  let hashedBytes = 0
  await second.add(alone, { onProgress: (bytes) => (hashedBytes += bytes) })
  expect(hashedBytes).toBe(0)
  await second.stop()

  appendFileSync(alone, 'x')
  const third = await openLibrary(home)
  expect(third.get(id)).toBeUndefined()
  expect(await third.share(folder)).toMatchObject({ fileCount: 3, hashedFiles: 0 })
  expect(await codeOf(third.unshare(home))).toBe('FIELD_INVALID')
  await third.unshare(folder)
  expect(third.list()).toEqual([])
  expect(third.sharedFolders()).toEqual([])
})

test('changes are heard of: new, changed, moved and deleted files, in new folders as well', async () => {
  const folder = newFolder()
  const library = await openLibrary(newFolder())
  const events: string[] = []
  library.events.on('added', ({ name }: FileEntry) => events.push(name))
  library.events.on('removed', () => events.push('-'))
  await library.share(folder)
  writeFileSync(join(folder, 'a'), 'a')
  await untilNames(library, ['a'])
  mkdirSync(join(folder, 'new', 'inner'), { recursive: true })
  writeFileSync(join(folder, 'new', 'inner', 'b'), 'b')
  await untilNames(library, ['a', 'b'])
  const [before] = library.list()
  writeFileSync(join(folder, 'a'), 'A')
  await until(
    'changed file',
    () => library.list()[0],
    (seen) => seen?.name === 'a' && seen.id !== before?.id
  )
  renameSync(join(folder, 'new', 'inner', 'b'), join(folder, 'new', 'c'))
  await untilNames(library, ['a', 'c'])
  // A folder that is made anew is watched anew.
  rmSync(join(folder, 'new'), { recursive: true })
  mkdirSync(join(folder, 'new'))
  await untilNames(library, ['a'])
  writeFileSync(join(folder, 'new', 'd'), 'd')
  await untilNames(library, ['a', 'd'])
  unlinkSync(join(folder, 'a'))
  await untilNames(library, ['d'])
  expect(new Set(events)).toEqual(new Set(['a', 'b', 'c', 'd', '-']))
})

test('a file that is being written is left for later, and comes when it is done', async () => {
  const folder = newFolder()
  const library = await openLibrary(newFolder(), { sharing: { quietMs: 3_600_000 } })
  const path = join(folder, 'download')
  writeFileSync(path, 'half')
  const young = await library.share(folder)
  expect(young).toMatchObject({ hashedFiles: 0, postponedCount: 1, fileCount: 0 })
  appendFileSync(path, ' and half')
  expect(await library.share(folder)).toMatchObject({ hashedFiles: 0, postponedCount: 1 })
  const longAgo = statSync(path).mtimeMs / 1_000 - 7_200
  utimesSync(path, longAgo, longAgo)
  await untilNames(library, ['download'])
  expect(library.list()).toMatchObject([{ sizeBytes: 13 }])
})

test('a folder with hostile names and what is no file is shared as far as it can be', async () => {
  const folder = newFolder()
  const library = await openLibrary(newFolder())
  const good = [
    'con',
    'a:b.log',
    'new\nline',
    'ends.',
    ' ',
    '-rf',
    'x'.repeat(255),
    'caf\u00e9',
    'cafe\u0301',
    'exe.\u202etxt',
    '$(reboot)',
    '%00',
    '\u{1f600}'
  ]
  good.forEach((name, index) => writeFileSync(join(folder, name), `file ${index}`))
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff, 0x62])]), 'x')
  symlinkSync('/etc/passwd', join(folder, 'link'))
  symlinkSync(folder, join(folder, 'loop'))
  symlinkSync('nowhere', join(folder, 'dangling'))
  spawnSync('mkfifo', [join(folder, 'pipe')])
  const report = await library.share(folder)
  expect(report.fileCount).toBe(good.length)
  const problems = report.problems.map(({ path, why }) => `${path.slice(folder.length)}: ${why}`)
  expect(problems.toSorted()).toEqual([
    '/a\ufffdb: its name is no UTF-8 text',
    '/dangling: links are not followed',
    '/link: links are not followed',
    '/loop: links are not followed',
    '/pipe: it is neither a file nor a folder'
  ])
  const files = library.list()
  expect(files).toHaveLength(good.length)
  expect(files.map(({ name }) => nameFault(name)).filter((fault) => fault !== undefined)).toEqual(
    []
  )
  const bytes = await Promise.all(files.map(({ id }) => library.readPiece(id, 0)))
  expect(new Set(bytes.map(String)).size).toBe(good.length)
  expect(await codeOf(library.addFolder(folder))).toBe('FIELD_INVALID')
})

const NOBODY = 65_534
/** Root may read everything, so it becomes somebody else for a while. */
const canBecomeNobody = process.geteuid?.() === 0

test('what may not be read is told and does no harm', async () => {
  const folder = newFolder()
  const home = newFolder()
  writeFileSync(join(folder, 'open'), 'open')
  writeFileSync(join(folder, 'secret'), 'secret')
  mkdirSync(join(folder, 'closed'))
  writeFileSync(join(folder, 'closed', 'inner'), 'inner')
  chmodSync(join(folder, 'secret'), 0)
  chmodSync(join(folder, 'closed'), 0)
  if (canBecomeNobody) {
    chmodSync(dirname(folder), 0o755)
    chmodSync(home, 0o777)
    process.seteuid?.(NOBODY)
  }
  onTestFinished(() => {
    if (canBecomeNobody) process.seteuid?.(0)
    chmodSync(join(folder, 'closed'), 0o700)
  })
  const library = await openLibrary(home)
  const report = await library.share(folder)
  expect(report).toMatchObject({ fileCount: 1, hashedFiles: 1, problemCount: 2 })
  expect(report.problems.map(({ path }) => path.slice(folder.length + 1)).toSorted()).toEqual([
    'closed',
    'secret'
  ])
  expect(report.problems.every(({ why }) => /EACCES|may not read/.test(why))).toBe(true)
  await library.stop()
})

test('shared folders do not lie in one another, and the store is never shared', async () => {
  const folder = newFolder()
  const home = join(folder, 'home')
  mkdirSync(join(folder, 'inner'))
  writeFileSync(join(folder, 'inner', 'a'), 'a')
  const library = await openLibrary(home)
  await library.share(join(folder, 'inner'))
  expect(await codeOf(library.share(folder))).toBe('FIELD_INVALID')
  await library.unshare(join(folder, 'inner'))
  expect(await library.share(folder)).toMatchObject({ fileCount: 1 })
  const [file] = library.list() as [FileEntry]
  expect(await codeOf(library.remove(file.id))).toBe('FIELD_INVALID')
  expect(library.list()).toEqual([file])
})

test('thousands of files are shared, listed page by page and remembered', async () => {
  const folder = newFolder()
  const home = newFolder()
  const count = 3_000
  for (let index = 0; index < count; index++) {
    if (index % 500 === 0) mkdirSync(join(folder, `${index / 500}`))
    // The same name each ten times: the id decides.
    const path = join(folder, `${Math.floor(index / 500)}`, `${index % 500}`)
    writeFileSync(path, `content ${index}`)
  }
  const first = await openLibrary(home)
  expect(await first.share(folder)).toMatchObject({ fileCount: count, hashedFiles: count })
  for (const order of ['name', 'id'] as const) {
    const seen: FileEntry[] = []
    for (;;) {
      const after = seen.at(-1)
      const page = first.list({ order, limit: 700, ...(after === undefined ? {} : { after }) })
      seen.push(...page)
      if (page.length < 700) break
    }
    expect(seen).toHaveLength(count)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(count)
    const keys = seen.map(({ id, name }) => (order === 'id' ? id : `${name} ${id}`))
    expect(keys).toEqual(keys.toSorted((left, right) => (left < right ? -1 : 1)))
  }
  expect(first.list({ limit: 1e9 })).toHaveLength(LIMITS.pageRowsMax)
  expect(first.totals()).toMatchObject({ fileCount: count, ownBytes: 0 })
  await first.stop()
  const second = await openLibrary(home)
  expect(await second.share(folder)).toMatchObject({ fileCount: count, hashedFiles: 0 })
})

test('progress is told while a folder is hashed', async () => {
  const folder = newFolder()
  for (const name of ['a', 'b']) writeFileSync(join(folder, name), someBytes(9 * 2 ** 20))
  const seen: number[] = []
  const library = await openLibrary(newFolder(), {
    sharing: { quietMs: 0, onProgress: ({ hashedBytes }) => seen.push(hashedBytes) }
  })
  await library.share(folder)
  expect(seen.length).toBeGreaterThan(4)
  expect(seen).toEqual(seen.toSorted((left, right) => left - right))
  expect(seen.at(-1)).toBe(18 * 2 ** 20)
})

test('a time that was set back hides no change, and one in the future costs nothing', async () => {
  const folder = newFolder()
  const library = await openLibrary(newFolder())
  const path = join(folder, 'a')
  writeFileSync(path, 'one')
  const nextYear = statSync(path).mtimeMs / 1_000 + 31_536_000
  utimesSync(path, nextYear, nextYear)
  expect(await library.share(folder)).toMatchObject({ hashedFiles: 1, postponedCount: 0 })
  writeFileSync(path, 'two', { flag: 'r+' })
  utimesSync(path, nextYear, nextYear)
  expect(await library.share(folder)).toMatchObject({ hashedFiles: 1 })
})

test("nothing of the node's own folder is shared, whatever is named", async () => {
  const around = newFolder()
  const home = join(around, 'home')
  mkdirSync(join(home, 'identity'), { recursive: true })
  writeFileSync(join(home, 'identity', 'key'), 'secret')
  writeFileSync(join(around, 'photo'), 'a photo')
  const library = await openLibrary(join(home, 'files'), { privateFolder: home })
  expect(await library.share(around)).toMatchObject({ fileCount: 1 })
  expect(namesOf(library)).toEqual(['photo'])
  await library.unshare(around)
  expect(await codeOf(library.share(home))).toBe('FIELD_INVALID')
  expect(await codeOf(library.share(join(home, 'identity')))).toBe('FIELD_INVALID')
})

test('what is hidden is shared only by whoever says so, and what is left out is named', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, '.ssh'))
  writeFileSync(join(folder, '.ssh', 'key'), 'secret')
  writeFileSync(join(folder, '.env'), 'secret')
  writeFileSync(join(folder, 'photo'), 'a photo')
  const library = await openLibrary(newFolder())
  const report = await library.share(folder)
  expect(namesOf(library)).toEqual(['photo'])
  expect(report.problems.map(({ path }) => path)).toEqual([
    join(folder, '.env'),
    join(folder, '.ssh')
  ])
  const sharing = { quietMs: 0, takesHidden: true }
  const open = await openLibrary(newFolder(), { sharing })
  expect(await open.share(folder)).toMatchObject({ fileCount: 3, problemCount: 0 })
})
