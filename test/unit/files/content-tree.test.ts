import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  LEAF_BYTES,
  TreeBuilder,
  leafHash,
  nodeHash,
  pieceHash,
  rootOf
} from '../../../src/files/content/content-tree.ts'
import { fileIdOf } from '../../../src/files/content/file-id.ts'
import { readFileId } from '../../../src/model/file-id.ts'
import { planOf, planPieces } from '../../../src/files/content/piece-plan.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

test('the tree is that of RFC 6962', () => {
  // Its test vectors in certificate-transparency's own suite: the tree over eight known leaves.
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f'
  ]
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  ]
  const builder = new TreeBuilder()
  expect(hex(builder.root())).toBe(createHash('sha256').digest('hex'))
  leaves.forEach((leaf, index) => {
    builder.push(leafHash(Buffer.from(leaf, 'hex')))
    expect(hex(builder.root())).toBe(roots[index])
  })
})

test('pieces are subtrees, so every size of piece leads to the same root', () => {
  const bytes = new Uint8Array(LEAF_BYTES * 13 + 5).map((_, index) => index * 31)
  const roots = [1, 2, 4, 8, 16].map((leaves) => {
    const pieceBytes = leaves * LEAF_BYTES
    const { count } = planOf(bytes.length, pieceBytes)
    return hex(
      rootOf(
        Array.from({ length: count }, (_, index) =>
          pieceHash(bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes))
        )
      )
    )
  })
  expect(new Set(roots).size).toBe(1)
})

test('an id holds the size, and is no hash of the tree', () => {
  const root = leafHash(Buffer.from('a'))
  expect(fileIdOf(1, root)).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(fileIdOf(1, root)).not.toBe(fileIdOf(2, root))
  expect(fileIdOf(1, root)).not.toContain(hex(nodeHash(root, root)))
  const id = fileIdOf(1, root)
  expect(readFileId(id.slice(7).toUpperCase(), 'file_hash')).toBe(id)
  expect(() => readFileId('sha256:12', 'file_hash')).toThrow('"sha256:12" is not the id of a file')
})

test.each([
  [0, 65_536, 0],
  [1, 65_536, 1],
  [65_537, 131_072, 1],
  [2 ** 30, 262_144, 4_096],
  [2 ** 30 + 1, 524_288, 2_049],
  [2 ** 36, 16 * 2 ** 20, 4_096],
  [2 ** 40, 16 * 2 ** 20, 65_536]
])('a file of %d bytes is cut into pieces of %d', (sizeBytes, pieceBytes, count) => {
  expect(planPieces(sizeBytes)).toEqual({ sizeBytes, pieceBytes, count })
})
