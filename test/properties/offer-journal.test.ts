/** Whatever comes and goes while it reads, and however it is interrupted, a follower ends with what is there. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { FileCatalogue } from '../../src/discovery/file-catalogue.ts'
import { OfferJournal } from '../../src/files/service/offer-journal.ts'
import { OfferReader } from '../../src/discovery/offer-reader.ts'
import { seededRandom } from '../../src/core/random.ts'
import { FakeLibrary, idOf } from '../support/fake-library.ts'

const SEED = 20_261_121
const PEER = 'p'
const PAGES_MAX = 10_000

type Step =
  | { kind: 'put' | 'drop' | 'pin'; file: number }
  | { kind: 'read'; limit: number }
  | { kind: 'restart' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: stepOf('put') },
    { weight: 6, arbitrary: stepOf('drop') },
    { weight: 2, arbitrary: stepOf('pin') },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        limit: fc.integer({ min: 1, max: 5 })
      })
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) }
  ),
  { minLength: 20, maxLength: 200, size: 'max' }
)

function stepOf(kind: 'put' | 'drop' | 'pin'): fc.Arbitrary<Step> {
  return fc.record({ kind: fc.constant(kind), file: fc.nat(25) })
}

/** A node, its journal in its present life, and somebody who follows it. */
class Follow {
  readonly library = new FakeLibrary()
  readonly catalogue = new FileCatalogue()
  readonly #reader = new OfferReader(this.catalogue, PEER)
  readonly #random = seededRandom(SEED)
  readonly #goneMax: number
  #journal: OfferJournal

  constructor(goneMax: number) {
    this.#goneMax = goneMax
    this.#journal = this.#newJournal()
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'put':
        return this.library.put(idOf(step.file))
      case 'drop':
        return this.library.drop(idOf(step.file))
      case 'pin':
        if (this.library.get(idOf(step.file)) !== undefined) {
          this.library.put(idOf(step.file), { isPinned: true })
        }
        return
      case 'read':
        return void this.read(step.limit)
      case 'restart':
        await this.#journal.stop()
        this.#journal = this.#newJournal()
        return this.start()
    }
  }

  async start(): Promise<void> {
    await this.#journal.start()
  }

  read(limit: number): boolean {
    return this.#reader.take(this.#journal.page({ ...this.#reader.params, limit }))
  }

  readAll(limit: number): void {
    for (let count = 0; this.read(limit); count += 1) {
      if (count > PAGES_MAX) throw new Error('it never ends')
    }
  }

  #newJournal(): OfferJournal {
    return new OfferJournal(
      { library: this.library, random: this.#random },
      { goneMax: this.#goneMax }
    )
  }
}

function stateOf({ catalogue, library }: Follow): { followed: unknown; there: unknown } {
  const followed = [...catalogue.filesOf(PEER)]
    .toSorted()
    .map((id) => [id, catalogue.holders(id)[0]?.isPinned])
  const there = library.ids.map((id) => [id, library.get(id)?.isPinned])
  return { followed, there }
}

it.each([0, 2, 1_000])('with room for %d files that are gone', async (goneMax) => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (plan, limit) => {
      const follow = new Follow(goneMax)
      await follow.start()
      for (const step of plan) await follow.play(step)
      follow.readAll(limit)
      const { followed, there } = stateOf(follow)
      expect(followed).toEqual(there)
      // And nothing is told twice.
      expect(follow.read(limit)).toBe(false)
    }),
    { seed: SEED, numRuns: 400 }
  )
})
