/** How many workers there are, by the word of bootstraps of which some know nothing and one may lie. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Census } from '../../../src/discovery/census.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { CensusComponents } from '../../../src/discovery/census.ts'

let clock: FakeClock
let totals: Record<string, number | undefined>
let counted: number
let connected: (() => void)[]
let census: Census

beforeEach(() => {
  clock = new FakeClock()
  totals = {}
  counted = 0
  connected = []
  const ask = async (peer: string): Promise<object> => {
    if (totals[peer] === undefined) throw new MeshError('COMMAND_NOT_SERVED', 'not here')
    return { nodes: [], total: totals[peer] }
  }
  const keeper = {
    onConnected: (callback: () => void) => void connected.push(callback),
    get peers() {
      return Object.keys(totals)
    }
  }
  const parts = {
    binding: { ask },
    keeper,
    clock,
    random: { next: () => 0.5 },
    logger: silentLogger
  }
  const given: unknown = parts
  census = new Census(given as CensusComponents, {
    namespace: 'demo',
    onCounted: () => (counted += 1)
  })
})

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
}

async function countAgain(): Promise<void> {
  clock.advance(300_000)
  await settle()
}

describe('the number of workers', () => {
  it('is what most bootstraps say', async () => {
    totals = { a: 900, b: 1_000_000, c: 1_000 }
    await census.start()
    await settle()
    expect(census.workerCount).toBe(1_000)
    expect(counted).toBe(1)
    await census.stop()
    expect(clock.timerCount).toBe(0)
  })

  it('is what the one says that has been there for longer', async () => {
    totals = { a: 0, b: 700 }
    await census.start()
    await settle()
    expect(census.workerCount).toBe(700)
    await census.stop()
  })

  it('falls by half at a time, as a bootstrap that was just started knows of nobody', async () => {
    totals = { a: 1_000 }
    await census.start()
    await settle()
    totals = { a: 3 }
    await countAgain()
    expect(census.workerCount).toBe(500)
    totals = { a: undefined }
    await countAgain()
    expect(census.workerCount).toBe(500)
    totals = { a: 3 }
    for (let count = 0; count < 10; count += 1) await countAgain()
    expect(census.workerCount).toBe(3)
    await census.stop()
  })

  it('is asked for as soon as a bootstrap is there', async () => {
    await census.start()
    await settle()
    expect(counted).toBe(0)
    totals = { a: 40 }
    for (const callback of connected) callback()
    await settle()
    expect(census.workerCount).toBe(40)
    await census.stop()
  })

  it('is unknown where nobody can be asked, and others need not wait for it', async () => {
    await census.start()
    clock.advance(10_000)
    expect(counted).toBe(1)
    expect(census.workerCount).toBe(0)
    await census.stop()
    expect(clock.timerCount).toBe(0)
  })
})
