import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LEAF_BYTES, pieceHash } from '../../../src/files/content/content-tree.ts'
import { hashPieces } from '../../../src/files/store/hash-thread.ts'
import { someBytes } from '../../support/open-library.ts'

const MIB = 2 ** 20

function opened(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'hash-thread-'))
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  const descriptor = openSync(path, 'r')
  onTestFinished(() => {
    closeSync(descriptor)
    rmSync(folder, { recursive: true })
  })
  return descriptor
}

// Pieces smaller than what is read at once, as large, and larger; whole ones and a rest.
test.each([LEAF_BYTES, MIB, 4 * MIB])('pieces of %d bytes are hashed as they lie', (pieceBytes) => {
  const bytes = someBytes(9 * MIB + 3)
  const descriptor = opened(bytes)
  for (const offset of [0, 4 * MIB]) {
    const rest = bytes.subarray(offset)
    const wanted = Array.from({ length: Math.ceil(rest.length / pieceBytes) }, (_, index) =>
      pieceHash(rest.subarray(index * pieceBytes, (index + 1) * pieceBytes))
    )
    const task = { descriptor, offset, bytes: rest.length, pieceBytes }
    expect(hashPieces(task)).toEqual(new Uint8Array(Buffer.concat(wanted)))
    expect(hashPieces({ ...task, bytes: rest.length + 1 })).toBeUndefined()
  }
})
