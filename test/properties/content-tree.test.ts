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
      const leadsToRoot = (place: number, path: Uint8Array[]): boolean => {
        const reached = rootFromProof(hashed, { count, index: place }, path)
        return reached !== undefined && Buffer.compare(reached, root) === 0
      }
      const elsewhere = other % count
      expect(leadsToRoot(elsewhere, proof)).toBe(elsewhere === index)
      const bent = proof.map((one, step) => (step === other % proof.length ? leafHash(one) : one))
      expect(leadsToRoot(index, bent)).toBe(proof.length === 0)
      expect(rootFromProof(hashed, { count, index }, [...proof, hashed])).toBeUndefined()
    }),
    { seed: SEED, numRuns: 300 }
  )
})
