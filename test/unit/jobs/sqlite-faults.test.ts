/** What the disk may do to a store: be full, be read-only, change its bytes, lose the end of a write. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { jobChange, submission } from '../../conformance/job-store-records.ts'
import { idsOf, opened, refusal, useFiles } from './sqlite-support.ts'
import type { MeshError } from '../../../src/core/errors.ts'

const newFile = useFiles()
const mounted: string[] = []

afterEach(() => {
  for (const folder of mounted.splice(0)) execFileSync('umount', ['--lazy', folder])
})

const canMount = mount(newFile())

/** Gives the file's folder a disk of its own, of 2 MiB. False where this user may not. */
function mount(file: string): boolean {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  try {
    const options = ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]
    execFileSync('mount', options, { stdio: 'ignore' })
  } catch {
    return false
  }
  mounted.push(folder)
  return true
}

async function failure(work: Promise<unknown>): Promise<MeshError> {
  return (await work.then(
    () => new Error('it succeeded'),
    (cause: unknown) => cause
  )) as MeshError
}

const document = (jobId: string, bytes: number) =>
  ({ kind: 'document', jobId, document: JSON.stringify('d'.repeat(bytes)) }) as const

/** The commands of a hint, run by a shell as an operator would. */
function follow(hint: string | undefined): void {
  const commands = /`([^`]+)`/.exec(hint ?? '')?.[1]
  execFileSync('sh', ['-c', commands ?? 'false'])
}

describe('fault 17: disk full on the router', () => {
  test.skipIf(!canMount)('keeps what it acknowledged, and goes on once there is room', async () => {
    const file = newFile()
    mount(file)
    const [store, ballast] = [await opened(file, 'full'), join(dirname(file), 'ballast')]
    writeFileSync(ballast, Buffer.alloc(512 * 1_024))
    const acknowledged: string[] = []
    let error: MeshError | undefined
    for (let n = 0; n < 1_000; n += 1) {
      const id = `j-${String(n).padStart(4, '0')}`
      try {
        await store.apply([jobChange(id), document(id, 20_000)])
      } catch (cause) {
        error = cause as MeshError
        break
      }
      acknowledged.push(id)
    }
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: true })
    expect(error?.hint).toContain(`the disk is full: free space where ${file} lies`)
    expect(acknowledged.length).toBeGreaterThan(10)
    expect(await idsOf(store)).toEqual(acknowledged)
    expect((await failure(store.backup(join(dirname(file), 'b.db')))).hint).toContain(
      'disk is full'
    )
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('b.db'))).toEqual([])

    rmSync(ballast)
    await store.apply([jobChange('j-after'), document('j-after', 20_000)])
    await store.stop()
    const again = await opened(file)
    expect(await idsOf(again)).toEqual([...acknowledged, 'j-after'])
    await again.stop()
  })

  test.skipIf(!canMount)('a router starts on a full disk, with all its jobs', async () => {
    const file = newFile()
    mount(file)
    const store = await opened(file)
    await store.apply(submission('j-1'))
    await store.stop()
    const full = (): void =>
      writeFileSync(join(dirname(file), 'ballast'), Buffer.alloc(4 * 2 ** 20))
    expect(full).toThrow('ENOSPC')
    const again = await opened(file)
    expect(await again.unfinished({ limit: 9 })).toHaveLength(1)
    expect(await failure(again.apply(submission('j-2')))).toMatchObject({ retryable: true })
    rmSync(join(dirname(file), 'ballast'))
    await again.apply(submission('j-2'))
    await again.stop()
  })
})

describe('fault 19: store file corrupt', () => {
  const ways: [string, (bytes: Buffer) => Buffer][] = [
    ['bytes flipped in the middle', (bytes) => bytes.fill(0xa5, 4_096 * 20, 4_096 * 22)],
    ['its header destroyed', (bytes) => bytes.fill(0, 0, 100)],
    ['its end missing', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['the end of its last page missing', (bytes) => bytes.subarray(0, -1_000)],
    ['something else in its place', () => Buffer.from('no database, but long enough '.repeat(99))]
  ]

  test.each(ways)(
    '%s: refuses to start, and the hint puts the last good backup in place',
    async (_, damage) => {
      const file = join(dirname(newFile()), "the router's data", 'jobs.db')
      const store = await opened(file)
      for (let n = 0; n < 300; n += 1) void store.apply(submission(`j-${n}`))
      await store.backup(join(dirname(file), 'backups', 'monday.db'))
      await store.apply([jobChange('j-after')])
      await store.stop()
      writeFileSync(file, damage(readFileSync(file)))
      const damaged = readFileSync(file)
      // Of another life of this file: read into the backup it would destroy it.
      writeFileSync(`${file}-journal`, '')

      const error = await refusal(file)
      expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false })
      expect(error.message).toMatch(`the job store ${file} is damaged: `)
      expect(error.message.length).toBeGreaterThan(file.length + 30)
      expect(error.hint).toContain('monday.db')
      expect(readFileSync(file).equals(damaged)).toBe(true)

      follow(error.hint)
      const again = await opened(file)
      expect(await idsOf(again)).toHaveLength(300)
      await again.stop()
      expect(readFileSync(join(dirname(file), 'damaged', 'jobs.db')).equals(damaged)).toBe(true)
      expect(existsSync(join(dirname(file), 'damaged', 'jobs.db-journal'))).toBe(true)
    }
  )

  test('without a backup the hint begins with an empty store, and loses nothing', async () => {
    const file = newFile()
    mkdirSync(join(dirname(file), 'damaged'), { recursive: true })
    writeFileSync(file, 'x'.repeat(9_999))
    const error = await refusal(file)
    expect(error.hint).toContain(`there is no backup in ${join(dirname(file), 'backups')}`)
    follow(error.hint)
    await (await opened(file)).stop()
    expect(readFileSync(join(dirname(file), 'damaged-2', 'jobs.db'))).toHaveLength(9_999)
  })
})

/** The file and its WAL, as a crash leaves them. */
function copyTo(file: string, copy: string): void {
  mkdirSync(dirname(copy), { recursive: true })
  for (const end of ['', '-wal']) copyFileSync(file + end, copy + end)
}

/** A store with three jobs in its file and three in its WAL, and where in that each of them ends. */
async function written(file: string): Promise<number[]> {
  const first = await opened(file)
  for (const id of ['j-1', 'j-2', 'j-3']) await first.apply(submission(id))
  await first.stop()
  const store = await opened(file)
  const ends: number[] = []
  for (const id of ['j-4', 'j-5', 'j-6']) {
    await store.apply(submission(id))
    ends.push(statSync(`${file}-wal`).size)
  }
  copyTo(file, `${file}.kept`)
  await store.stop()
  return ends
}

/** Ids of the jobs that are there after a start, which writes on and is stopped. */
async function recovered(file: string): Promise<string[]> {
  const store = await opened(file)
  const ids = await idsOf(store)
  for (const id of ids) expect(await store.document(id)).toBe(`{"of":"${id}"}`)
  await store.apply(submission('j-9'))
  await store.stop()
  const again = await opened(file)
  expect(await idsOf(again)).toEqual([...ids, 'j-9'])
  await again.stop()
  return ids
}

describe('fault 20: torn last write', () => {
  const FRAME_BYTES = 24 + 4_096
  const HEADER_BYTES = 32

  test('everything before the cut is there, wherever it is', async () => {
    const file = newFile()
    const ends = await written(file)
    const places = ends.flatMap((end) => [
      end,
      end - 1,
      // In the midst of the last page, at its beginning, in its frame's header, before it.
      end - 2_000,
      end - 4_096,
      end - FRAME_BYTES + 8,
      end - FRAME_BYTES
    ])
    for (const cut of [0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 24, ...places]) {
      const copy = newFile()
      copyTo(`${file}.kept`, copy)
      truncateSync(`${copy}-wal`, cut)
      const there = 3 + ends.filter((end) => end <= cut).length
      expect([cut, await recovered(copy)]).toEqual([
        cut,
        ['j-1', 'j-2', 'j-3', 'j-4', 'j-5', 'j-6'].slice(0, there)
      ])
    }
  })

  test('a page of the last write that never reached the disk takes only that write away', async () => {
    const file = newFile()
    const ends = await written(file)
    const copy = newFile()
    copyTo(`${file}.kept`, copy)
    const wal = readFileSync(`${copy}-wal`)
    wal.fill(0, ends[1], (ends[1] as number) + FRAME_BYTES)
    writeFileSync(`${copy}-wal`, wal)
    expect(await recovered(copy)).toEqual(['j-1', 'j-2', 'j-3', 'j-4', 'j-5'])
  })

  test('a WAL that is gone leaves what the file has', async () => {
    const file = newFile()
    await written(file)
    const copy = newFile()
    mkdirSync(dirname(copy))
    copyFileSync(`${file}.kept`, copy)
    expect(await recovered(copy)).toEqual(['j-1', 'j-2', 'j-3'])
  })
})

/** Root may write where permissions say that nobody may; a disk that is mounted so stops root too. */
function lock(file: string): () => void {
  const folder = dirname(file)
  if (mounted.includes(folder)) {
    execFileSync('mount', ['-o', 'remount,ro', folder])
    return () => execFileSync('mount', ['-o', 'remount,rw', folder])
  }
  const modes = [statSync(folder).mode, statSync(file).mode] as const
  chmodSync(file, 0o400)
  chmodSync(folder, 0o500)
  return () => {
    chmodSync(folder, modes[0])
    chmodSync(file, modes[1])
  }
}

test.skipIf(process.getuid?.() === 0 && !canMount)(
  'a disk that is read-only is told apart from a router that runs',
  async () => {
    const file = newFile()
    if (canMount) mount(file)
    const store = await opened(file)
    await store.apply(submission('j-1'))
    await store.stop()
    const unlock = lock(file)
    const error = await refusal(file)
    const fresh = await refusal(join(dirname(file), 'fresh', basename(file)))
    unlock()
    expect(error.code).toBe('STORE_FAILED')
    expect(error.hint).toContain(`must be allowed to write ${file} and its folder`)
    expect(fresh.code).toBe('STORE_FAILED')
    expect(fresh.hint).toContain('fresh')
    const again = await opened(file)
    expect(await idsOf(again)).toEqual(['j-1'])
    await again.stop()
  }
)
