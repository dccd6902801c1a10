/** Any piece of any file can be proved, and nothing else can be proved in its place. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { leafHash, proofOf, rootFromProof, rootOf } from '../../src/files/content/content-tree.ts'

const SEED = 20_261_121

const hashes = fc
  .integer({ min: 1, max: 70 })
  .map((count) =>
    Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`${count} ${index}`)))
  )

it('a proof leads to the root from its own place only', () => {
  fc.assert(
    fc.property(hashes, fc.nat(), fc.nat(), (level, at, other) => {
      const { length: count } = level
      const index = at % count
      const proof = proofOf(level, index)
      const root = Buffer.from(rootOf(level))
      const hashed = level[index] as Uint8Array
      expect(
        Buffer.compare(rootFromProof(hashed, { count, index }, proof) ?? new Uint8Array(), root)
      ).toBe(0)
      const elsewhere = other % count
      if (elsewhere !== index) {
        const wrong = rootFromProof(hashed, { count, index: elsewhere }, proof)
        expect(wrong === undefined || Buffer.compare(wrong, root) !== 0).toBe(true)
      }
      const bent = proof.map((one, level) => (level === other % proof.length ? leafHash(one) : one))
      if (proof.length > 0) {
        const wrong = rootFromProof(hashed, { count, index }, bent) ?? new Uint8Array()
        expect(Buffer.compare(wrong, root)).not.toBe(0)
      }
      expect(rootFromProof(hashed, { count, index }, [...proof, hashed])).toBeUndefined()
    }),
    { seed: SEED, numRuns: 300 }
  )
})
