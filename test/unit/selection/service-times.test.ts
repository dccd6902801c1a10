/** What is learnt of run times cannot be talked up: a worker's own clock is its own word. */
import { expect, it } from 'vitest'
import { ServiceTimes } from '../../../src/selection/service-times.ts'

const RUN = { taskType: 'builtin:sha256', cpuSpeed: 3, slowdown: 1 }

function learn(times: ServiceTimes, workerId: string, ranMs: number, count: number): void {
  for (let taken = 0; taken < count; taken += 1) times.record({ ...RUN, workerId, ranMs })
}

it('of a worker that says it took no time, no more than three times its clock rate is believed', () => {
  const times = new ServiceTimes()
  for (let round = 0; round < 500; round += 1) {
    learn(times, 'honest', 500, 4)
    learn(times, 'liar', 0.001, 1)
  }
  expect(times.slownessOf('liar')).toBeCloseTo(1 / 3)
  // A fifth of all that is known is a lie: the rest looks slower by it, though not by much.
  expect(times.slownessOf('honest')).toBeGreaterThan(0.9)
  expect(times.slownessOf('honest')).toBeLessThan(2.5)
})

it('of a worker that is a little faster or much slower, what it shows is believed', () => {
  const times = new ServiceTimes()
  for (let round = 0; round < 500; round += 1) {
    learn(times, 'usual', 500, 8)
    learn(times, 'fast', 250, 1)
    learn(times, 'slow', 5_000, 1)
  }
  expect(times.slownessOf('fast') / times.slownessOf('usual')).toBeCloseTo(0.5, 1)
  expect(times.slownessOf('slow') / times.slownessOf('usual')).toBeGreaterThan(8)
})

it('a first run that was a lie is outweighed by those after it', () => {
  const times = new ServiceTimes()
  learn(times, 'liar', 0.001, 1)
  learn(times, 'honest', 500, 1_000)
  expect(times.slownessOf('honest')).toBeLessThan(1.2)
})
