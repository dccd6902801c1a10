/** A disk that takes no more: a small one of its own, which only root may make. */
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  beginPart,
  codeOf,
  openLibrary,
  someBytes,
  useFolders
} from '../../support/open-library.ts'
import { isPieceOf } from '../../../src/files/content/manifest.ts'
import { readManifest } from '../../../src/files/content/manifest-reading.ts'
import { pieceSpan } from '../../../src/files/content/piece-plan.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'

const newFolder = useFolders()
const MIB = 2 ** 20

/** A folder on a disk of so many MiB; undefined where this user may make none. */
function smallDisk(mib: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folder = newFolder()
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder])
  if (status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', ['-l', folder]))
  return folder
}

async function manifestOf(bytes: Uint8Array): Promise<FileManifest> {
  const library = await openLibrary(newFolder())
  const { id } = await library.addBytes(bytes, 'film')
  return library.manifest(id) as FileManifest
}

test('a full disk is told, keeps what is there, and a download goes on once there is room', async (context) => {
  const disk = smallDisk(16)
  if (disk === undefined) {
    const why = 'no tmpfs could be mounted: run this as root on Linux to have it tested'
    console.warn(`skipped: ${why}`)
    return context.skip(why)
  }
  const bytes = someBytes(10 * MIB)
  const manifest = await manifestOf(bytes)
  const pieceAt = (index: number): Uint8Array => {
    const span = pieceSpan(manifest.plan, index)
    return bytes.subarray(span.offset, span.offset + span.bytes)
  }
  const home = join(disk, 'home')
  const first = await openLibrary(home)
  // What can never fit is refused before a byte has come.
  const large = readManifest({
    version: 1,
    id: 'sha256:f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f',
    size: 0,
    piece_size: 65_536,
    piece_hashes: []
  })
  const tooLarge = { ...large, plan: { ...large.plan, sizeBytes: 20 * MIB } }
  expect(await codeOf(first.openPart({ manifest: tooLarge, name: 'large' }))).toBe('STORE_FULL')
  expect(first.list()).toEqual([])

  const part = await beginPart(first, manifest)
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(10 * MIB))
  const written: number[] = []
  let code = ''
  for (let index = 0; index < manifest.plan.count && code === ''; index++) {
    // oxlint-disable-next-line no-await-in-loop
    const end = await codeOf(part.write(index, pieceAt(index)))
    if (end === 'nothing went wrong') written.push(index)
    else code = end
  }
  expect(code).toBe('STORE_FULL')
  expect(written.length).toBeGreaterThan(4)
  expect([...part.verified]).toEqual(written)
  // That it is here can be written down all the same.
  await part.close()
  expect(await codeOf(first.openPart({ manifest, name: 'film' }))).toBe('STORE_FULL')
  expect(first.get(manifest.id)).toMatchObject({ own: 'part' })
  await first.stop()

  // The node starts on a full disk too.
  const second = await openLibrary(home)
  rmSync(filler)
  const rest = await beginPart(second, manifest)
  const claimed = [...rest.verified]
  expect(claimed).toEqual(written)
  for (const index of claimed) {
    // oxlint-disable-next-line no-await-in-loop
    expect(isPieceOf(manifest, index, await second.readPiece(manifest.id, index))).toBe(true)
  }
  for (let index = 0; index < manifest.plan.count; index++) {
    // oxlint-disable-next-line no-await-in-loop
    await rest.write(index, pieceAt(index))
  }
  await rest.finish()
  expect(await second.verify(manifest.id)).toBe(true)
})

test('files that were not used make room on the disk itself', async (context) => {
  const disk = smallDisk(16)
  if (disk === undefined) return context.skip('no tmpfs could be mounted')
  const library = await openLibrary(join(disk, 'home'))
  const old = await library.addBytes(someBytes(8 * MIB, 2), 'old')
  const young = await library.addBytes(someBytes(10 * MIB, 3), 'young')
  expect(library.get(old.id)).toBeUndefined()
  library.pin(young.id)
  expect(await codeOf(library.addBytes(someBytes(8 * MIB, 4), 'none'))).toBe('STORE_FULL')
  expect(await library.verify(young.id)).toBe(true)
})
