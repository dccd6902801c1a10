/** A part is read while it becomes a whole file: readers get its bytes, whatever the moment. */
import { expect, test } from 'vitest'
import { makeManifest } from '../../../src/files/content/manifest.ts'
import { beginPart, openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { pieceHash } from '../../../src/files/content/content-tree.ts'
import { pieceSpan, planPieces } from '../../../src/files/content/piece-plan.ts'

const newFolder = useFolders()

test('a piece can be read while its file is being finished', async () => {
  const library = await openLibrary(newFolder())
  const bytes = someBytes(5 * 262_144 + 7)
  const plan = planPieces(bytes.length)
  const indexes = Array.from({ length: plan.count }, (_, index) => index)
  const pieceAt = (index: number): Uint8Array => {
    const span = pieceSpan(plan, index)
    return bytes.subarray(span.offset, span.offset + span.bytes)
  }
  const hashes = Buffer.concat(indexes.map((index) => pieceHash(pieceAt(index))))
  const manifest = makeManifest(plan, new Uint8Array(hashes))
  const part = await beginPart(library, manifest)
  await Promise.all(indexes.map((index) => part.write(index, pieceAt(index))))
  let isFinished = false
  const finishing = part.finish().finally(() => (isFinished = true))
  const range = { offset: 65_536, bytes: 1_000 }
  const readers = indexes.slice(0, -1).map(async (index) => {
    const wanted = pieceAt(index).subarray(range.offset, range.offset + range.bytes)
    // Once more when it is finished.
    for (let isLast = false; !isLast;) {
      isLast = isFinished
      // oxlint-disable-next-line no-await-in-loop -- one read after the other, at every moment
      const read = await library.readPiece(manifest.id, index, range)
      expect(Buffer.compare(read, wanted)).toBe(0)
    }
  })
  await Promise.all([finishing, ...readers])
  expect(library.get(manifest.id)).toMatchObject({ isComplete: true, own: 'blob' })
})
