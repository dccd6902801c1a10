/** Graphs of jobs at random: what has no circle is sorted, what has one is refused with it named. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortByNeeds } from '../../src/model/graph.ts'
import type { GraphJob } from '../../src/model/graph.ts'
import type { MeshError } from '../../src/core/errors.ts'

/** Needs as places of earlier jobs, so that there is no circle; then the jobs in any order. */
const acyclic = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc.tuple(
      fc.array(fc.array(fc.nat(), { maxLength: 6 }), { minLength: count, maxLength: count }),
      fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count })
    )
  )
  .map(([needs, order]) =>
    order.map((place) => job(place, place === 0 ? [] : (needs[place] ?? []).map((n) => n % place)))
  )

function job(place: number, needs: readonly number[]): GraphJob {
  const names = [...new Set(needs)].map((need) => `n${need}`)
  return {
    name: `n${place}`,
    document: { task: { engine: 'builtin', name: 'noop' }, needs: names }
  }
}

function needsOf(jobs: readonly GraphJob[]): Map<string, readonly string[]> {
  return new Map(jobs.map(({ document, name }) => [name, document.needs ?? []]))
}

/** A way along needs, which leads from one job down to another. */
function wayDown(jobs: readonly GraphJob[], from: string): string[] {
  const needs = needsOf(jobs)
  const way = [from]
  for (let next = needs.get(from)?.[0]; next !== undefined; next = needs.get(next)?.[0])
    way.push(next)
  return way
}

test('without a circle each job stands behind all that it needs', () => {
  fc.assert(
    fc.property(acyclic, (jobs) => {
      const sorted = sortByNeeds(jobs).map(({ name }) => name)
      expect(sorted.toSorted()).toEqual(jobs.map(({ name }) => name).toSorted())
      const places = new Map(sorted.map((name, place) => [name, place]))
      for (const { document, name } of jobs) {
        for (const need of document.needs ?? []) {
          expect(places.get(need)).toBeLessThan(places.get(name) as number)
        }
      }
    })
  )
})

test('one need back up makes a circle, and what is named is one', () => {
  fc.assert(
    fc.property(acyclic, fc.nat(), (jobs, draw) => {
      const top = jobs[draw % jobs.length] as GraphJob
      const bottom = wayDown(jobs, top.name).at(-1)
      const closed = jobs.map((one) =>
        one.name === bottom
          ? {
              ...one,
              document: { ...one.document, needs: [...(one.document.needs ?? []), top.name] }
            }
          : one
      )
      let error: MeshError | undefined
      try {
        sortByNeeds(closed)
      } catch (cause) {
        error = cause as MeshError
      }
      expect(error?.code).toBe('NEEDS_CYCLE')
      const circle = (error?.message.split(': ')[1] ?? '').split(' → ')
      expect(circle.length).toBeGreaterThan(1)
      expect(circle.at(-1)).toBe(circle[0])
      const needs = needsOf(closed)
      circle.slice(1).forEach((need, place) => {
        expect(needs.get(circle[place] as string)).toContain(need)
      })
    })
  )
})
