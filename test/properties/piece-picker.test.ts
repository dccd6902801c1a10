/** Whatever peers come and go and fail, each piece is fetched, and no peer is asked for what it lacks. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { PiecePicker } from '../../src/files/transfer/piece-picker.ts'
import { PieceSet } from '../../src/files/content/piece-set.ts'
import { seededRandom } from '../../src/core/random.ts'

const SEED = 20_261_121

interface Plan {
  count: number
  order: 'rarest' | 'sequential'
  seed: number
  steps: readonly {
    kind: 'join' | 'leave' | 'ask' | 'give' | 'fail' | 'has'
    peer: number
    piece: number
  }[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  count: fc.integer({ min: 1, max: 60 }),
  order: fc.constantFrom('rarest', 'sequential'),
  seed: fc.nat(),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom('join', 'leave', 'ask', 'ask', 'ask', 'give', 'give', 'fail', 'has'),
      peer: fc.nat(4),
      piece: fc.nat(1_000)
    }),
    { maxLength: 200 }
  )
})

function randomSet(count: number, seed: number): PieceSet {
  const random = seededRandom(seed)
  const set = new PieceSet(count)
  for (let piece = 0; piece < count; piece++) if (random.next() < 0.5) set.add(piece)
  return set
}

it('asks only for what is wanted and there, and ends complete', () => {
  fc.assert(
    fc.property(plans, ({ count, order, seed, steps }) => {
      const picker = new PiecePicker(seededRandom(seed), { count, order })
      const peers = new Map<string, PieceSet>()
      const asked: { peer: string; piece: number }[] = []
      const ask = (peer: string): void => {
        const piece = picker.next(peer)
        if (piece === undefined) return
        expect(peers.get(peer)?.has(piece)).toBe(true)
        expect(picker.verified.has(piece)).toBe(false)
        expect(asked).not.toContainEqual({ peer, piece })
        asked.push({ peer, piece })
      }
      const give = (at: number): void => {
        const [{ peer, piece }] = asked.splice(at, 1) as [{ peer: string; piece: number }]
        for (const other of picker.verify(piece, peer)) {
          asked.splice(
            asked.findIndex((one) => one.peer === other && one.piece === piece),
            1
          )
        }
      }
      for (const { kind, peer: number, piece } of steps) {
        const peer = `peer ${number}`
        const at = piece % Math.max(1, asked.length)
        if (kind === 'join') {
          leave(peer)
          peers.set(peer, randomSet(count, piece))
          picker.addPeer(peer, peers.get(peer)?.copy() as PieceSet)
        } else if (kind === 'leave') leave(peer)
        else if (kind === 'ask') ask(peer)
        else if (kind === 'give' && asked.length > 0) give(at)
        else if (kind === 'fail' && asked.length > 0) {
          const [one] = asked.splice(at, 1) as [{ peer: string; piece: number }]
          picker.giveUp(one.peer, one.piece)
        } else if (kind === 'has') {
          peers.get(peer)?.add(piece % count)
          picker.noteHas(peer, piece % count)
        }
      }
      function leave(peer: string): void {
        peers.delete(peer)
        const left = picker.removePeer(peer)
        for (const piece of left)
          asked.splice(
            asked.findIndex((one) => one.peer === peer && one.piece === piece),
            1
          )
        expect(asked.some((one) => one.peer === peer)).toBe(false)
      }
      peers.set('seed', PieceSet.full(count))
      picker.addPeer('seed', PieceSet.full(count))
      expect(picker.unavailableCount).toBe(0)
      for (let turn = 0; turn < 3 * count && !picker.isComplete; turn++) {
        ask('seed')
        while (asked.length > 0) give(0)
      }
      expect(picker.isComplete).toBe(true)
    }),
    { seed: SEED, numRuns: 500 }
  )
})

it('asks for what is rare first, and in order where that is wanted', () => {
  const common = new PieceSet(8)
  for (const piece of [0, 1, 2, 3, 4, 5]) common.add(piece)
  const picker = new PiecePicker(seededRandom(1), { count: 8 })
  picker.addPeer('all', PieceSet.full(8))
  picker.addPeer('some', common)
  for (const piece of [0, 1, 2, 3]) picker.verify(piece, 'all')
  expect(
    [picker.next('all'), picker.next('all')].toSorted((left, right) => Number(left) - Number(right))
  ).toEqual([6, 7])
  const inOrder = new PiecePicker(seededRandom(1), { count: 4, order: 'sequential' })
  inOrder.addPeer('all', PieceSet.full(4))
  expect([1, 2, 3, 4].map(() => inOrder.next('all'))).toEqual([0, 1, 2, 3])
  inOrder.giveUp('all', 1)
  expect(inOrder.next('all')).toBe(1)
})
