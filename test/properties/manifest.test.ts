/** Whatever a file's size and pieces, its id is that of its bytes; whatever a name, a safe one comes of it. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { LEAF_BYTES, leafHash, pieceHash, rootOf } from '../../src/files/content/content-tree.ts'
import { fileIdOf } from '../../src/files/content/file-id.ts'
import { isPieceOf, makeManifest, writeManifest } from '../../src/files/content/manifest.ts'
import { readManifest } from '../../src/files/content/manifest-reading.ts'
import { findClash, nameFault, pathFault, toSafeName } from '../../src/model/safe-name.ts'
import { pieceSpan, planOf } from '../../src/files/content/piece-plan.ts'
import { readFolder, writeFolder } from '../../src/files/content/folder-manifest.ts'

const SEED = 20_261_121

const someFile = fc.record({
  sizeBytes: fc.oneof(
    fc.nat(6 * LEAF_BYTES),
    fc.nat(6).map((leaves) => leaves * LEAF_BYTES)
  ),
  fill: fc.nat(255),
  leaves: fc.constantFrom(1, 2, 4, 8)
})

it('the id follows from the bytes alone, and every piece can be told from another', () => {
  fc.assert(
    fc.property(someFile, fc.nat(), ({ fill, leaves, sizeBytes }, at) => {
      const bytes = new Uint8Array(sizeBytes).map((_, index) => fill + (index >> 16) + index)
      const plan = planOf(sizeBytes, leaves * LEAF_BYTES)
      const pieces = Array.from({ length: plan.count }, (_, index) => {
        const span = pieceSpan(plan, index)
        return bytes.subarray(span.offset, span.offset + span.bytes)
      })
      const manifest = makeManifest(plan, new Uint8Array(Buffer.concat(pieces.map(pieceHash))))
      const blocks = Array.from({ length: Math.ceil(sizeBytes / LEAF_BYTES) }, (_, index) =>
        leafHash(bytes.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES))
      )
      expect(manifest.id).toBe(fileIdOf(sizeBytes, rootOf(blocks)))
      expect(readManifest(writeManifest(manifest))).toEqual(manifest)
      pieces.forEach((piece, index) => {
        expect(isPieceOf(manifest, index, piece)).toBe(true)
        const place = at % piece.length
        expect(isPieceOf(manifest, index, piece.with(place, (piece[place] as number) ^ 1))).toBe(
          false
        )
      })
    }),
    { seed: SEED, numRuns: 40 }
  )
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('.', ' ', '/', '\\', '\0', 'a', 'ß', 'É', '\u0301', '\ud800')
  }),
  fc.constantFrom('con', 'AUX.txt', '..', 'nul.', 'com1 ')
)

it('a safe name is safe, and a name that is safe stays', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const name = toSafeName(text)
      expect(nameFault(name)).toBeUndefined()
      expect(toSafeName(name)).toBe(name)
      expect(nameFault(text) !== undefined || name === text).toBe(true)
    }),
    { seed: SEED, numRuns: 2_000 }
  )
})

it('a folder is read as it was written, or was refused', () => {
  const id = fileIdOf(0, rootOf([]))
  const paths = fc.array(fc.oneof(hostile, fc.string({ minLength: 1 }).map(toSafeName)), {
    maxLength: 8
  })
  fc.assert(
    fc.property(paths, (all) => {
      const entries = all.map((path, size) => ({ path, size, id }))
      const fits =
        all.every((path) => pathFault(path) === undefined) && findClash(all) === undefined
      let read: unknown
      try {
        read = readFolder(writeFolder(entries))
      } catch {
        read = undefined
      }
      const ordered = entries.toSorted((left, right) =>
        Buffer.compare(Buffer.from(left.path), Buffer.from(right.path))
      )
      expect(read).toEqual(fits ? ordered : undefined)
    }),
    { seed: SEED, numRuns: 500 }
  )
})
