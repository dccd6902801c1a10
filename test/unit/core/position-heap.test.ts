/** A heap whose members are moved and taken out by themselves, held against plain sorting. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PositionHeap } from '../../../src/core/position-heap.ts'

interface Member {
  rank: number
  position: number
}

test('the first is always the one that sorting would put first, whatever is added, moved or removed', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'move', 'remove'),
    which: fc.nat(30),
    rank: fc.nat(20)
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const heap = new PositionHeap<Member>((left, right) => left.rank < right.rank)
      const members: Member[] = []
      for (const { rank, what, which } of steps) {
        const member = members[which % Math.max(1, members.length)]
        if (what === 'add' || member === undefined) {
          const added = { rank, position: 0 }
          members.push(added)
          heap.add(added)
        } else if (what === 'move') {
          member.rank = rank
          heap.moved(member)
        } else {
          members.splice(members.indexOf(member), 1)
          heap.remove(member)
        }
        const ranks = members.map((each) => each.rank)
        expect(heap.peek()?.rank).toBe(ranks.length === 0 ? undefined : Math.min(...ranks))
      }
    })
  )
})
