import { LIMITS } from '../../../src/core/limits.ts'
import { expect, test } from 'vitest'
import { LEAF_BYTES, pieceHash } from '../../../src/files/content/content-tree.ts'
import {
  isPieceOf,
  makeManifest,
  writeHashPage,
  writeManifest
} from '../../../src/files/content/manifest.ts'
import {
  ManifestGathering,
  readManifest,
  readManifestInTurns
} from '../../../src/files/content/manifest-reading.ts'
import { pieceSpan, planOf } from '../../../src/files/content/piece-plan.ts'
import { readFolder, writeFolder } from '../../../src/files/content/folder-manifest.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'

const BYTES = new Uint8Array(LEAF_BYTES * 5 + 17).map((_, index) => index * 7 + (index >> 16))

function manifestOf(bytes: Uint8Array, pieceBytes = LEAF_BYTES): FileManifest {
  const plan = planOf(bytes.length, pieceBytes)
  const hashes = Array.from({ length: plan.count }, (_, index) => pieceHash(pieceAt(index, plan)))
  return makeManifest(plan, new Uint8Array(Buffer.concat(hashes)))
}

function pieceAt(index: number, plan: FileManifest['plan']): Uint8Array {
  const { bytes, offset } = pieceSpan(plan, index)
  return BYTES.subarray(offset, offset + bytes)
}

test('a file of version 1 keeps its id for ever', () => {
  // Computed by another program, in Python, from the text of the schema.
  expect(manifestOf(new Uint8Array()).id).toBe(
    'sha256:f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f'
  )
  expect(manifestOf(BYTES).id).toBe(
    'sha256:edff57f69b4bcdb6e142b29d99a07c60331a4d8533d289a9912bd9064923325a'
  )
})

test('a manifest is written and read again, in whatever pieces', () => {
  for (const pieceBytes of [LEAF_BYTES, 2 * LEAF_BYTES, 8 * LEAF_BYTES]) {
    const manifest = manifestOf(BYTES, pieceBytes)
    expect(manifest.id).toBe(manifestOf(BYTES).id)
    const document: unknown = JSON.parse(JSON.stringify(writeManifest(manifest)))
    expect(readManifest(document)).toEqual(manifest)
  }
})

test('a long manifest is read with turns between for others, and says the same', async () => {
  const count = 10_000
  const plan = planOf(count * LEAF_BYTES, LEAF_BYTES)
  const manifest = makeManifest(
    plan,
    new Uint8Array(32 * count).map((_, at) => at % 251)
  )
  const document = writeManifest(manifest)
  let turns = 0
  const turn = (): Promise<void> => {
    turns += 1
    return Promise.resolve()
  }
  expect(await readManifestInTurns(document, turn)).toEqual(manifest)
  expect(turns).toBe(2)
  const lie = { ...document, piece_hashes: document.piece_hashes.toReversed() }
  await expect(readManifestInTurns(lie, turn)).rejects.toMatchObject({ code: 'FIELD_INVALID' })
})

test('a manifest that lies is refused', () => {
  const honest = writeManifest(manifestOf(BYTES))
  const [first = '', second = '', ...rest] = honest.piece_hashes
  for (const lie of [
    { size: honest.size + 1 },
    { size: 2 ** 40 },
    { size: 2 ** 41 },
    { piece_size: 2 * LEAF_BYTES },
    { piece_size: LEAF_BYTES + 1 },
    { piece_hashes: [second, first, ...rest] },
    { piece_hashes: [first, second] },
    { piece_hashes: [...honest.piece_hashes, first] },
    { version: 2 },
    { name: 'x' }
  ]) {
    expect(() => readManifest({ ...honest, ...lie })).toThrow(
      expect.objectContaining({
        name: 'MeshError',
        code: expect.stringMatching(/^FIELD_/) as string
      })
    )
  }
  // 1 TiB in pieces of 64 KiB would be half a gigabyte of hashes: refused before it is asked for.
  const { id } = honest
  expect(() => new ManifestGathering({ id, sizeBytes: 2 ** 40, pieceBytes: LEAF_BYTES })).toThrow(
    'the file would have 16777216 pieces'
  )
})

test('hashes may come in pages, in order', () => {
  const manifest = manifestOf(BYTES)
  const { id, plan } = manifest
  const gathering = new ManifestGathering({ id, ...plan })
  while (gathering.next !== undefined) {
    const page = writeHashPage(manifest, gathering.next, 4)
    expect(page.piece_hashes.length).toBeLessThanOrEqual(4)
    expect(() => gathering.finish()).toThrow('of 6 hashes came')
    gathering.add(page)
    expect(() => gathering.add(page)).toThrow('hashes of pieces')
  }
  expect(gathering.finish()).toEqual(manifest)
})

test('a piece is told from all that is not it', () => {
  const manifest = manifestOf(BYTES)
  const piece = pieceAt(1, manifest.plan)
  expect(isPieceOf(manifest, 1, piece)).toBe(true)
  expect(isPieceOf(manifest, 2, piece)).toBe(false)
  expect(isPieceOf(manifest, 5, pieceAt(5, manifest.plan))).toBe(true)
  expect(isPieceOf(manifest, 5, piece)).toBe(false)
  expect(isPieceOf(manifest, 6, piece)).toBe(false)
  expect(isPieceOf(manifest, -1, piece)).toBe(false)
  expect(isPieceOf(manifest, 1, piece.with(70, 1))).toBe(false)
})

test('a folder has one text, whatever the order', () => {
  const { id } = manifestOf(BYTES)
  const entries = ['b', 'a/c', 'a.txt', '\u{1f600}', '\uffee'].map((path) => ({
    path,
    size: 1,
    id
  }))
  const bytes = writeFolder(entries)
  expect(bytes).toEqual(writeFolder(entries.toReversed()))
  // By bytes of UTF-8: U+FFEE before U+1F600, which UTF-16 has the other way.
  expect(readFolder(bytes).map(({ path }) => path)).toEqual([
    'a.txt',
    'a/c',
    'b',
    '\uffee',
    '\u{1f600}'
  ])
  expect(readFolder(writeFolder([]))).toEqual([])
})

test('a folder from outside is refused unless every path in it may be written', () => {
  const { id } = manifestOf(BYTES)
  const text = (paths: string[]): Buffer =>
    Buffer.from(
      JSON.stringify({
        kind: 'folder',
        version: 1,
        entries: paths.map((path) => ({ path, size: 1, id }))
      })
    )
  for (const paths of [
    ['../a'],
    ['/a'],
    ['a\0'],
    ['a', 'a'],
    ['A', 'a'],
    ['a', 'a/b'],
    ['b', 'a']
  ]) {
    expect(() => readFolder(text(paths))).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID' })
    )
  }
  const spaced = Buffer.from(text(['a']).toString().replace(',', ', '))
  expect(() => readFolder(spaced)).toThrow('not written in its one form')
  expect(() => readFolder(Buffer.from('{'))).toThrow('not JSON')
  const broken = Buffer.from(text(['aaa']).toString('latin1').replace('aaa', 'a\xffa'), 'latin1')
  expect(() => readFolder(broken)).toThrow('not written in its one form')
})

test('a short list that names millions of folders is refused before they are counted', () => {
  const { id } = manifestOf(BYTES)
  const deep = '/a'.repeat(500)
  const listOf = (count: number): { path: string; size: number; id: string }[] =>
    Array.from({ length: count }, (_, index) => ({ path: `${index}${deep}`, size: 1, id }))
  expect(() => writeFolder(listOf(LIMITS.folderEntriesMax / 500 + 1))).toThrow(
    'too many folders in it'
  )
  const shared = Array.from({ length: 2_000 }, (_, index) => `${'a/'.repeat(500)}${index}`)
  const bytes = writeFolder(shared.map((path) => ({ path, size: 1, id })))
  expect(readFolder(bytes)).toHaveLength(2_000)
})
