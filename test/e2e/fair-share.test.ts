/** Eight workers of unequal speed, one of them a cheat, as real processes: who gets the work, and who is found out. */
import { expect, test } from 'vitest'
import { missedOf, renderLive } from '../sim/live.ts'
import { runLive } from '../sim/live-mesh.ts'
import { taskmesh } from '../support/spawn-taskmesh.ts'

test('the faster do more, everybody something, and a cheat is found before its word counts', async () => {
  const result = await runLive({
    onDone: async ({ shares }, env) => {
      const cheat = shares.find(({ isCheat }) => isCheat)?.peerId ?? ''
      const shown = await taskmesh(['reputation', 'show', cheat], { env })
      expect(shown.stdout).toMatch(/^state +quarantined/m)
    }
  })
  console.log(renderLive(result))
  expect(missedOf(result)).toEqual([])
  expect(result.wrongItems).toEqual([])
})
