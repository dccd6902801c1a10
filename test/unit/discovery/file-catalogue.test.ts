/** What a router knows of who has what: whole, bounded, and paged in order while files come and go. */
import { describe, expect, it } from 'vitest'
import { FileCatalogue } from '../../../src/discovery/file-catalogue.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { idOf } from '../../support/fake-library.ts'
import type { Offer } from '../../../src/discovery/file-catalogue.ts'

function offer(word: string | number, about: Partial<Offer> = {}): Offer {
  return {
    id: idOf(word),
    name: `${word}.txt`,
    sizeBytes: 7,
    isPinned: false,
    keptFor: [],
    ...about
  }
}

function eventsOf(catalogue: FileCatalogue): unknown[] {
  const events: unknown[] = []
  catalogue.events.on('appeared', (id, { peer }) => events.push(['appeared', id, peer]))
  catalogue.events.on('changed', (id, { keptFor, peer }) =>
    events.push(['changed', id, peer, keptFor])
  )
  catalogue.events.on('lost', (id, peer) => events.push(['lost', id, peer]))
  return events
}

describe('the catalogue', () => {
  it('has a file for as long as somebody offers it, and tells of every holder', () => {
    const catalogue = new FileCatalogue()
    const events = eventsOf(catalogue)
    const a = idOf('a')
    expect(catalogue.offered('p', offer('a'))).toBe(true)
    expect(catalogue.offered('q', offer('a', { name: 'other', isPinned: true }))).toBe(true)
    expect(catalogue.offered('q', offer('a', { isPinned: true }))).toBe(true)
    expect(catalogue.offered('q', offer('a', { isPinned: true, keptFor: ['j-1'] }))).toBe(true)
    expect(catalogue.find(a)).toEqual({ id: a, name: 'a.txt', sizeBytes: 7, holderCount: 2 })
    expect(catalogue.holders(a)).toEqual([
      { peer: 'p', isPinned: false, keptFor: [] },
      { peer: 'q', isPinned: true, keptFor: ['j-1'] }
    ])
    expect(catalogue.has('q', a)).toBe(true)
    catalogue.withdrawn('q', a)
    catalogue.withdrawn('q', a)
    catalogue.forget('p')
    expect(catalogue.find(a)).toBeUndefined()
    expect(catalogue.holders(a)).toEqual([])
    expect(catalogue.totals()).toEqual({ fileCount: 0, sizeBytes: 0, copyCount: 0 })
    expect(events).toEqual([
      ['appeared', a, 'p'],
      ['appeared', a, 'q'],
      ['changed', a, 'q', ['j-1']],
      ['lost', a, 'q'],
      ['lost', a, 'p']
    ])
  })

  it('takes no more than there is room for, of one node and of all', () => {
    const catalogue = new FileCatalogue({ offersMax: 3, offersPerPeerMax: 2 })
    expect(['a', 'b', 'c'].map((word) => catalogue.offered('p', offer(word)))).toEqual([
      true,
      true,
      false
    ])
    expect(['a', 'b'].map((word) => catalogue.offered('q', offer(word)))).toEqual([true, false])
    // What is known already takes no room.
    expect(catalogue.offered('q', offer('a', { isPinned: true }))).toBe(true)
    catalogue.forget('p')
    expect(catalogue.offered('q', offer('b'))).toBe(true)
  })

  it('lets the node that offers most give way, so that a few cannot keep the others out', () => {
    const catalogue = new FileCatalogue({ offersMax: 12, offersPerPeerMax: 10, selfPeer: 'self' })
    for (let index = 0; index < 9; index += 1) {
      catalogue.offered('greedy', offer(index, index === 0 ? { keptFor: ['job'] } : {}))
    }
    for (const word of ['x', 'y', 'z']) expect(catalogue.offered('self', offer(word))).toBe(true)
    expect(catalogue.offered('small', offer('s'))).toBe(true)
    expect(catalogue.filesOf('small').size).toBe(1)
    // All but as much as the newcomer has gave way at once, and what is kept there stays.
    expect([...catalogue.filesOf('greedy')]).toEqual([idOf(0)])
    expect(catalogue.filesOf('self').size).toBe(3)
  })

  it('counts for whom files are kept, told at once or later', () => {
    const catalogue = new FileCatalogue({ offersMax: 100, offersPerPeerMax: 6 })
    const keptFor = ['1', '2', '3', '4']
    expect(catalogue.offered('p', offer('a', { keptFor }))).toBe(true)
    expect(catalogue.offered('p', offer('b', { keptFor }))).toBe(false)
    expect(catalogue.offered('p', offer('b'))).toBe(true)
    expect(catalogue.offered('p', offer('b', { keptFor }))).toBe(false)
    expect(catalogue.holders(idOf('b'))).toEqual([{ peer: 'p', isPinned: false, keptFor: [] }])
    catalogue.withdrawn('p', idOf('a'))
    expect(catalogue.offered('p', offer('b', { keptFor }))).toBe(true)
  })

  it('is paged by name and by id, with equal names apart, whatever comes and goes between', () => {
    const catalogue = new FileCatalogue()
    const random = seededRandom(5)
    const known = new Map<string, Offer>()
    for (let round = 0; round < 40; round += 1) {
      for (let count = 0; count < 50; count += 1) {
        const word = Math.floor(random.next() * 400)
        const one = offer(word, { name: `n${word % 17}` })
        if (random.next() < 0.4) {
          catalogue.withdrawn('p', one.id)
          known.delete(one.id)
        } else {
          catalogue.offered('p', one)
          known.set(one.id, one)
        }
      }
      for (const order of ['name', 'id'] as const) {
        const paged: string[] = []
        for (let after: { id: string; name?: string } | undefined; ;) {
          const page = catalogue.list({
            order,
            limit: 23,
            ...(after === undefined ? {} : { after })
          })
          paged.push(...page.map(({ id }) => id))
          after = page.at(-1)
          if (after === undefined) break
        }
        const key = ({ id, name }: Offer): string => (order === 'id' ? id : `${name} ${id}`)
        const sorted = [...known.values()].toSorted((left, right) =>
          key(left) < key(right) ? -1 : 1
        )
        expect(paged).toEqual(sorted.map(({ id }) => id))
      }
    }
  })

  it('finds names by a part of them, and goes on from a file that has gone', () => {
    const catalogue = new FileCatalogue()
    for (const word of ['Alpha', 'beta', 'alphabet', 'gamma']) catalogue.offered('p', offer(word))
    const names = (page: Parameters<typeof catalogue.list>[0]): string[] =>
      catalogue.list(page).map(({ name }) => name)
    expect(names({ nameContains: 'ALPHA' })).toEqual(['Alpha.txt', 'alphabet.txt'])
    catalogue.withdrawn('p', idOf('alphabet'))
    expect(names({ after: { id: idOf('alphabet'), name: 'alphabet.txt' } })).toEqual([
      'beta.txt',
      'gamma.txt'
    ])
    expect(names({ limit: 0 })).toEqual([])
    expect(names({ limit: 1 })).toEqual(['Alpha.txt'])
  })
})
