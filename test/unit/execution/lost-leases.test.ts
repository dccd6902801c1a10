/** What is still known of leases that are gone: bounded, and no router's is forgotten for another's. */
import { describe, expect, it } from 'vitest'
import { LostLeases } from '../../../src/execution/leases/lost-leases.ts'
import { RecentNames } from '../../../src/execution/leases/recent-names.ts'
import type { LostLease } from '../../../src/execution/leases/lost-leases.ts'

function lost(router: string, id: string): LostLease {
  return { event: 'began', router, lease_id: id, job_id: 'j-1', item: 0, attempt: 1 }
}

describe('lost leases', () => {
  it('are known to their router alone, oldest first, until it has taken note', () => {
    const leases = new LostLeases()
    for (const one of [lost('a', '1'), lost('b', '1'), lost('a', '2')]) leases.add(one)
    expect(leases.get('b', '2')).toBeUndefined()
    expect(leases.of('a').map(({ lease_id: id }) => id)).toEqual(['1', '2'])
    expect(leases.delete(lost('a', '1'))).toBe(true)
    expect(leases.delete(lost('a', '1'))).toBe(false)
    expect(leases.of('a').map(({ lease_id: id }) => id)).toEqual(['2'])
  })

  it('make room for each other where their router has the most', () => {
    const leases = new LostLeases(3)
    leases.add(lost('quiet', '1'))
    const forgotten = ['1', '2', '3', '4'].map((id) => leases.add(lost('loud', id))?.lease_id)
    expect(forgotten).toEqual([undefined, undefined, '1', '2'])
    expect(leases.get('quiet', '1')).toBeDefined()
    // What is there already takes no more room.
    expect(leases.add(lost('loud', '4'))).toBeUndefined()
  })
})

describe('recent names', () => {
  it('of one router stay, however many another adds', () => {
    const names = new RecentNames()
    names.add('quiet', 'l-1')
    for (let count = 0; count < 20_000; count += 1) names.add('loud', `l-${count}`)
    expect(names.has('quiet', 'l-1')).toBe(true)
    expect(names.has('loud', 'l-1')).toBe(false)
    expect(names.has('loud', 'l-19999')).toBe(true)
    expect(names.has('other', 'l-1')).toBe(false)
  })
})
