/** The rooms of `files get` by themselves: where things go, what may not be touched, who gave how much. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { Tally } from '../../../src/cli/fetch/tally.ts'
import { Workspace } from '../../../src/cli/fetch/workspace.ts'
import { placeFile, placeFolder } from '../../../src/cli/fetch/placing.ts'
import { readTarget } from '../../../src/cli/fetch/target.ts'
import { renderAmounts } from '../../../src/cli/byte-amounts.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import type { Download } from '../../../src/files/transfer/download.ts'

const NEW = { mode: 0o644, isForced: false }
const FORCED = { mode: 0o644, isForced: true }
const ID = `sha256:${'ab'.repeat(32)}`

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'taskmesh-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** One that has ended, with what each peer gave. */
function download(fileId: string, size: number, peers: Record<string, number>): Download {
  return {
    fileId,
    plan: Promise.resolve({ sizeBytes: size }),
    progress: () => ({
      bytes: size,
      sizeBytes: size,
      peers: Object.entries(peers).map(([peer, bytes]) => ({
        peer,
        bytes,
        pieces: 1,
        wastedBytes: 0,
        bytesPerSecond: 0,
        state: 'connected'
      }))
    })
  } as unknown as Download
}

test('-o is a folder where there is one or a slash says so, and else the place itself', async () => {
  const here = folder()
  mkdirSync(join(here, 'there'))
  expect(await readTarget(join(here, 'there'), 'name')).toEqual({
    folder: join(here, 'there'),
    name: 'name'
  })
  expect(await readTarget(`${join(here, 'new')}/`, undefined)).toEqual({
    folder: join(here, 'new'),
    name: undefined
  })
  expect(await readTarget(join(here, 'new'), 'name')).toEqual({ folder: here, name: 'new' })
  expect((await readTarget(undefined, 'name')).name).toBe('name')
})

test('a workspace that somebody else has laid is not used', async () => {
  const here = folder()
  const first = await Workspace.open(here, ID)
  expect(statSync(first.path).mode & 0o077).toBe(0)
  await first.removeIfEmpty()
  expect(readdirSync(here)).toEqual([])
  mkdirSync(join(here, 'elsewhere'))
  symlinkSync(join(here, 'elsewhere'), first.path)
  await expect(Workspace.open(here, ID)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect(readdirSync(join(here, 'elsewhere'))).toEqual([])
})

test('what an archive or a clone has brought is not believed, what an earlier run has left is', async () => {
  const here = folder()
  const path = join(here, `.${ID.slice(7, 23)}.taskmesh`)
  mkdirSync(join(path, 'whole'), { recursive: true })
  writeFileSync(join(path, 'whole', ID.slice(7)), 'not what it says')
  const first = await Workspace.open(here, ID)
  expect(first.path).toBe(path)
  expect(readdirSync(join(path, 'whole'))).toEqual([])
  writeFileSync(first.whole(ID), 'what has come')
  await Workspace.open(here, ID)
  expect(readFileSync(first.whole(ID), 'utf8')).toBe('what has come')
  const copy = folder()
  cpSync(path, join(copy, `.${ID.slice(7, 23)}.taskmesh`), { recursive: true })
  const copied = await Workspace.open(copy, ID)
  expect(readdirSync(join(copied.path, 'whole'))).toEqual([])
})

test('a file is put only where nothing is, unless by force, and never through a link', async () => {
  const here = folder()
  const from = join(here, 'from')
  const to = join(here, 'to')
  writeFileSync(from, 'new')
  symlinkSync(join(here, 'victim'), to)
  await expect(placeFile(from, to, NEW)).rejects.toMatchObject({ code: 'FIELD_INVALID' })
  await placeFile(from, to, FORCED)
  expect(readdirSync(here)).toEqual(['to'])
  expect(readFileSync(to, 'utf8')).toBe('new')
  writeFileSync(from, 'newer')
  mkdirSync(join(here, 'folder'))
  await expect(placeFile(from, join(here, 'folder'), FORCED)).rejects.toThrow('is a folder')
})

test('a folder is put below no link, and under no name that leads out of it', async () => {
  const here = folder()
  const from = join(here, 'from')
  const to = join(here, 'to')
  mkdirSync(join(from, 'sub'), { recursive: true })
  writeFileSync(join(from, 'sub', 'a'), 'a')
  mkdirSync(join(here, 'elsewhere'))
  mkdirSync(to)
  symlinkSync(join(here, 'elsewhere'), join(to, 'sub'))
  await expect(placeFolder(from, to, [{ path: 'sub/a' }], FORCED)).rejects.toThrow('is no folder')
  expect(readdirSync(join(here, 'elsewhere'))).toEqual([])
  writeFileSync(join(here, 'b'), 'b')
  await expect(placeFolder(from, to, [{ path: '../b' }], FORCED)).rejects.toThrow('names a folder')
  await placeFolder(from, join(here, 'new'), [{ path: 'sub/a' }], NEW)
  expect(readFileSync(join(here, 'new', 'sub', 'a'), 'utf8')).toBe('a')
})

test('what each peer gave, over several downloads, and what was there before', async () => {
  const clock = new FakeClock()
  const tally = new Tally(clock)
  await tally.follow(download('a', 10, { p: 4, q: 2 }), Promise.resolve())
  await tally.follow(download('b', 5, { q: 5 }), Promise.resolve())
  tally.keep('c', 3)
  expect(tally.sum()).toMatchObject({
    bytes: 18,
    totalBytes: 18,
    fetchedBytes: 11,
    resumedBytes: 7
  })
  expect(tally.peers().map(({ bytes, peer, pieces }) => [peer, bytes, pieces])).toEqual([
    ['q', 7, 2],
    ['p', 4, 1]
  ])
})

test.each([
  [{ bytes: 0, totalBytes: undefined, bytesPerSecond: 0 }, 'looking for it'],
  [{ bytes: 0, totalBytes: 0, bytesPerSecond: 0 }, '100%  0B of 0B'],
  [{ bytes: 512, totalBytes: 2048, bytesPerSecond: 512 }, '25%  512B of 2KiB  512B/s  3s left'],
  [{ bytes: 2048, totalBytes: 2048, bytesPerSecond: 512 }, '100%  2KiB of 2KiB  512B/s']
])('%j reads %s', (amounts, text) => {
  expect(renderAmounts(amounts)).toBe(text)
})

test.each([
  [['files', 'get', 'hello'], 'is not the id of a file'],
  [['files', 'get', 'taskmesh:?xt=urn:sha256:12'], '64 hex digits should follow urn:sha256:'],
  [['files', 'get', '12ab'], 'API_UNREACHABLE'],
  [['files', 'add', '/none/such'], '/none/such cannot be read: it is not there;'],
  [['files', 'get', ID, '--limit-rate', '0B', '-o', '-'], 'a rate must be above zero'],
  [['files', 'get', ID, '--peers', '0'], '"0" is not a whole number from 1 up'],
  [['files', 'get', ID, '--order', 'fast'], 'order'],
  [['files', 'get', ID, '-o', '-'], 'there is nobody to ask'],
  [['share'], 'no folder is named'],
  [['share', '/none/such'], 'cannot be shared']
])('%j is refused', async (words, text) => {
  const env = { TASKMESH_HOME: folder(), TASKMESH_API: 'http://127.0.0.1:9' }
  const { code, stderr, stdout } = await runInProcess(words, { env })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(text)
})
