/**
 * Whatever comes in whatever order, with wrong pieces in between and ends at any time: a part holds what
 * was written to it and right, and nothing else; and the disk holds what it claims.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'
import { LEAF_BYTES, pieceHash } from '../../src/files/content/content-tree.ts'
import { PartFile } from '../../src/files/store/part-file.ts'
import { isPieceOf, makeManifest } from '../../src/files/content/manifest.ts'
import { pieceSpan, planOf } from '../../src/files/content/piece-plan.ts'
import { codeOf, someBytes } from '../support/open-library.ts'
import type { FileManifest } from '../../src/files/content/manifest.ts'

const SEED = 20_261_121
const folder = mkdtempSync(join(tmpdir(), 'part-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BYTES = someBytes(9 * LEAF_BYTES + 100)
const PLAN = planOf(BYTES.length, LEAF_BYTES)
const PIECES = Array.from({ length: PLAN.count }, (_, index) => {
  const { bytes, offset } = pieceSpan(PLAN, index)
  return BYTES.subarray(offset, offset + bytes)
})
const MANIFEST: FileManifest = makeManifest(
  PLAN,
  new Uint8Array(Buffer.concat(PIECES.map(pieceHash)))
)

const aPiece = fc.nat(PLAN.count - 1)
const aStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ write: fc.array(aPiece, { minLength: 1, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ wrong: aPiece, as: aPiece }) },
  { weight: 1, arbitrary: fc.record({ pauseMs: fc.constant(1_000) }) },
  { weight: 1, arbitrary: fc.record({ close: fc.boolean() }) }
)

it('a part claims what was written, and goes on from what it claimed', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { maxLength: 20 }), async (steps) => {
      run += 1
      const path = join(folder, String(run))
      const clock = new FakeClock()
      let record: Uint8Array | undefined
      const open = (): Promise<PartFile> =>
        PartFile.open(
          {
            clock,
            record: (verified) => (record = verified),
            complete: () => Promise.resolve(),
            onClosed: () => {}
          },
          { manifest: MANIFEST, path, verified: record }
        )
      const model = new Set<number>()
      const [codes, refused]: [string[], string[]] = [[], []]
      let part = await open()
      for (const step of steps) {
        /* oxlint-disable no-await-in-loop */
        if ('write' in step) {
          await Promise.all(step.write.map((piece) => part.write(piece, PIECES[piece] as Buffer)))
          for (const piece of step.write) model.add(piece)
        } else if ('wrong' in step) {
          const isRefused = !model.has(step.as) && step.as !== step.wrong
          refused.push(isRefused ? 'PIECE_INVALID' : 'nothing went wrong')
          codes.push(await codeOf(part.write(step.as, PIECES[step.wrong] as Buffer)))
          if (step.as === step.wrong) model.add(step.as)
        } else if ('pauseMs' in step) clock.advance(step.pauseMs)
        else {
          await part.close()
          part = await open()
        }
        expect([...part.verified]).toEqual([...model].toSorted((left, right) => left - right))
        /* oxlint-enable no-await-in-loop */
      }
      await part.close()
      expect(codes).toEqual(refused)
      expect(clock.timerCount).toBe(0)
      const onDisk = readFileSync(path)
      expect(onDisk).toHaveLength(BYTES.length)
      const wrong = [...model].filter((index) => {
        const { bytes, offset } = pieceSpan(PLAN, index)
        return !isPieceOf(MANIFEST, index, onDisk.subarray(offset, offset + bytes))
      })
      expect(wrong).toEqual([])
      rmSync(path)
    }),
    { seed: SEED, numRuns: 40 }
  )
})
