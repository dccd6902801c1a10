import { expect, test } from 'vitest'
import { drawInteger } from './draw.ts'
import { runCrash } from './harness.ts'
import { systemRandom } from '../../src/core/random.ts'

test('two thousand jobs survive whatever happens to routers, workers and links', async () => {
  const seed = drawInteger(systemRandom, 1, 999_999)
  const lines: string[] = []
  const { home, summary, violations } = await runCrash({
    seed,
    onProgress: (text) => lines.push(text)
  })
  const replay = `node test/crash/run.ts --seed ${seed}; see ${home}`
  expect(violations, `${replay}\n${lines.join('\n')}`).toEqual([])
  // Lest a harness that hurts nobody passes.
  expect(Object.values(summary.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10)
  expect(summary.acknowledged).toBeGreaterThan(1_000)
}, 400_000)
