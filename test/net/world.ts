/** The world of a test file: built when it begins, gone when it ends. */
import { afterAll, inject } from 'vitest'
import { shareOverTests } from '../support/spawn-taskmesh.ts'
import { Topology } from './topology.ts'

/** To be called once by a test file. */
export function buildWorld(): Topology {
  const world = new Topology(inject('netPrefix'))
  shareOverTests()
  // Hooks run backwards: with their machines nodes end at once, and not one after the other in good order.
  afterAll(() => world.remove())
  return world
}
