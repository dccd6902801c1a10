import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isPieceOf, writeManifest } from '../../../src/files/content/manifest.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { pieceSpan } from '../../../src/files/content/piece-plan.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'

const newFolder = useFolders()
const WRITER = fileURLToPath(new URL('fixtures/part-writer.ts', import.meta.url))
const MIB = 2 ** 20
/** Bytes that wait for a slow disk before writers wait, in pieces, and the one that is being written. */
const UNRECORDED_MAX = (32 * MIB) / (256 * 1_024) + 1

/** Lets a writer write so many pieces at most, and kills it just before. @returns what it said */
async function writeAndKill(args: string[], pieces: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, ...args, String(pieces)], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length > pieces - 3) child.kill('SIGKILL')
  }
  await exited
  return lines
}

test('kill -9 costs the last few pieces at most, and nothing is claimed that is not there', async () => {
  const [home, aside] = [newFolder(), newFolder()]
  const source = join(aside, 'source')
  const bytes = someBytes(64 * MIB + 77)
  writeFileSync(source, bytes)
  const seeder = await openLibrary(newFolder())
  const { id } = await seeder.add(source)
  const manifest = seeder.manifest(id) as FileManifest
  const { plan } = manifest
  writeFileSync(join(aside, 'manifest.json'), JSON.stringify(writeManifest(manifest)))
  const args = [home, join(aside, 'manifest.json'), source]

  let recorded = 0
  for (const pieces of [4, 150, 40, 30]) {
    /* oxlint-disable no-await-in-loop */
    const [opened, ...written] = await writeAndKill(args, pieces)
    // It went on exactly from what the one before had written down.
    expect(opened).toBe(`open ${recorded}`)
    const library = await openLibrary(home)
    const claimed = [...(library.pieces(id) ?? [])]
    expect(claimed.length).toBeGreaterThanOrEqual(recorded + written.length - UNRECORDED_MAX)
    const onDisk = readFileSync(join(home, 'parts', id.slice(7)))
    const wrong = claimed.filter((index) => {
      const span = pieceSpan(plan, index)
      return !isPieceOf(manifest, index, onDisk.subarray(span.offset, span.offset + span.bytes))
    })
    expect(wrong).toEqual([])
    expect(library.get(id)).toMatchObject({ isComplete: false, own: 'part' })
    recorded = claimed.length
    await library.stop()
    /* oxlint-enable no-await-in-loop */
  }
  expect(recorded).toBeGreaterThan(0)

  const last = await writeAndKill(args, Infinity)
  expect(last[0]).toBe(`open ${recorded}`)
  expect(last).toHaveLength(1 + plan.count - recorded + 1)
  expect(last.at(-1)).toBe('finished')
  const library = await openLibrary(home)
  expect(library.get(id)).toMatchObject({ isComplete: true, own: 'blob', name: 'film' })
  expect(
    Buffer.compare(readFileSync(join(home, 'blobs', id.slice(7, 9), id.slice(7))), bytes)
  ).toBe(0)
})

test('a file that was renamed when the node was killed is whole at the next start', async () => {
  const home = newFolder()
  const first = await openLibrary(home)
  const { id } = await first.addBytes(someBytes(MIB), 'film')
  await first.stop()
  // As the index is between the renaming and the record of it.
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(join(home, 'index.db'))
  db.exec("UPDATE files SET own = 'part', verified = x'f0'")
  db.close()
  const second = await openLibrary(home)
  expect(second.get(id)).toMatchObject({ own: 'blob', isComplete: true })
  expect(await second.verify(id)).toBe(true)
})
