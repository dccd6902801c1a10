import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../../src/core/abort.ts'
import { DialRace } from '../../../src/network/dialling/dial-race.ts'
import { SharedAmount } from '../../../src/core/shared-amount.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import type { Connection } from '@libp2p/interface'
import type { Deferred } from '../../../src/core/abort.ts'
import type { DialTier } from '../../../src/network/dialling/dial-order.ts'

const TRY_MS = 6_000

interface Dialled {
  result: Deferred<Connection>
  signal: AbortSignal
}

/** A race over addresses named by their ports, whose dials end as the test says. */
class Track {
  readonly clock = new FakeClock()
  readonly race: DialRace
  /** By port. */
  readonly dialled = new Map<number, Dialled>()
  readonly closed: Connection[] = []

  constructor(
    plan: readonly (readonly [DialTier, number])[],
    slots: number | SharedAmount = 10,
    triesMax = 5
  ) {
    this.race = new DialRace(
      {
        clock: this.clock,
        slots: typeof slots === 'number' ? new SharedAmount(slots) : slots,
        dial: async (address, signal) => {
          const result = deferred<Connection>()
          signal.addEventListener('abort', () => result.reject(new Error('called off')))
          this.dialled.set(Number(address.toString().split('/').at(-1)), { result, signal })
          return await result.promise
        }
      },
      plan.map(([tier, afterMs], index) => ({
        address: multiaddr(`/ip4/45.0.0.1/tcp/${index}`),
        tier,
        afterMs
      })),
      { tryMs: TRY_MS, triesMax }
    )
  }

  get ports(): number[] {
    return [...this.dialled.keys()]
  }

  connection(): Connection {
    const connection: Partial<Connection> = {
      abort: () => void this.closed.push(connection as Connection)
    }
    return connection as Connection
  }

  async succeed(port: number): Promise<Connection> {
    const connection = this.connection()
    this.dialled.get(port)?.result.resolve(connection)
    await settle()
    return connection
  }

  async fail(port: number, why = 'refused'): Promise<void> {
    this.dialled.get(port)?.result.reject(new Error(why))
    await settle()
  }

  isCalledOff(port: number): boolean {
    return this.dialled.get(port)?.signal.aborted === true
  }
}

describe('tries', () => {
  it('of one peer that go on for ever keep the first of another one waiting no longer than one of them', async () => {
    const slots = new SharedAmount(1)
    const endless = new Track(
      Array.from({ length: 5 }, () => ['public', 0] as const),
      slots
    )
    const honest = new Track([['public', 0]], slots)
    expect([endless.ports, honest.ports]).toEqual([[0], []])
    await endless.fail(0)
    expect([endless.ports, honest.ports]).toEqual([[0], [0]])
  })

  it('begin in their turn, without waiting for each other', () => {
    const track = new Track([
      ['near', 0],
      ['public', 250],
      ['relay', 500]
    ])
    expect(track.ports).toEqual([0])
    track.clock.advance(249)
    expect(track.ports).toEqual([0])
    track.clock.advance(1)
    expect(track.ports).toEqual([0, 1])
    track.clock.advance(250)
    expect(track.ports).toEqual([0, 1, 2])
  })

  it('begin at once when the one before them of their kind has failed', async () => {
    const track = new Track([
      ['near', 0],
      ['public', 250],
      ['public', 500],
      ['relay', 600]
    ])
    track.clock.advance(250)
    await track.fail(1)
    expect(track.ports).toEqual([0, 1, 2])
    await track.fail(2)
    // The first still runs, and relays are for when it takes long or fails as well.
    expect(track.ports).toEqual([0, 1, 2])
    await track.fail(0)
    expect(track.ports).toEqual([0, 1, 2, 3])
  })

  it('follow one that has begun early as closely as they would have, and relays when they would have', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 250],
      ['near', 500],
      ['relay', 500],
      ['public', 750]
    ])
    await track.fail(0)
    expect(track.ports).toEqual([0, 1])
    track.clock.advance(249)
    expect(track.ports).toEqual([0, 1])
    track.clock.advance(1)
    expect(track.ports).toEqual([0, 1, 2])
    track.clock.advance(249)
    expect(track.ports).toEqual([0, 1, 2])
    track.clock.advance(1)
    expect(new Set(track.ports)).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  it('are so many at a time, for one peer and for all', async () => {
    const plan: [DialTier, number][] = [
      ['near', 0],
      ['near', 1],
      ['near', 2],
      ['near', 3]
    ]
    const ofOne = new Track(plan, 10, 2)
    ofOne.clock.advance(10)
    expect(ofOne.ports).toEqual([0, 1])
    await ofOne.fail(0)
    expect(ofOne.ports).toEqual([0, 1, 2])

    const ofAll = new Track(plan, 1)
    ofAll.clock.advance(10)
    expect(ofAll.ports).toEqual([0])
    await ofAll.fail(0)
    expect(ofAll.ports).toEqual([0, 1])
  })

  it('take so long and no longer', async () => {
    const track = new Track([['near', 0]])
    track.clock.advance(TRY_MS)
    await expect(track.race.first).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(track.isCalledOff(0)).toBe(true)
    expect(track.clock.timerCount).toBe(0)
  })
})

describe('the first to answer', () => {
  it('wins, and the others are called off', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 100],
      ['relay', 500]
    ])
    track.clock.advance(100)
    const connection = await track.succeed(1)
    await expect(track.race.first).resolves.toBe(connection)
    await expect(track.race.direct).resolves.toBe(connection)
    expect(track.isCalledOff(0)).toBe(true)
    await track.race.over
    expect(track.ports).toEqual([0, 1])
    expect(track.clock.timerCount).toBe(0)
  })

  it('is the only one that stays, where another answers in spite of having been called off', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 0]
    ])
    const late = track.connection()
    track.dialled.get(1)?.result.resolve(late)
    const connection = await track.succeed(0)
    expect([connection, late].filter((each) => track.closed.includes(each))).toHaveLength(1)
  })

  it('where it is a relay leaves the direct tries running, and one that succeeds is kept', async () => {
    const track = new Track([
      ['near', 0],
      ['public', 250],
      ['relay', 500],
      ['relay', 501],
      ['elsewhere', 700]
    ])
    track.clock.advance(501)
    const relayed = await track.succeed(2)
    await expect(track.race.first).resolves.toBe(relayed)
    expect([0, 1, 3].map((port) => track.isCalledOff(port))).toEqual([false, false, true])
    track.clock.advance(250)
    expect(track.ports).toContain(4)
    const connection = await track.succeed(4)
    await expect(track.race.direct).resolves.toBe(connection)
    expect(track.closed).toEqual([])
    expect(track.isCalledOff(0)).toBe(true)
  })

  it('where it is a relay stays when all direct tries fail', async () => {
    const track = new Track([
      ['near', 0],
      ['relay', 500]
    ])
    track.clock.advance(500)
    const relayed = await track.succeed(1)
    await track.fail(0)
    await expect(track.race.direct).rejects.toThrow('refused')
    await expect(track.race.first).resolves.toBe(relayed)
    await track.race.over
  })
})

describe('a peer that comes itself meanwhile', () => {
  it('is reached by that, and what is under way is kept, as the peer may end its own', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 250]
    ])
    const own = track.connection()
    track.race.offer(own, false)
    await expect(track.race.first).resolves.toBe(own)
    track.clock.advance(1_000)
    expect(track.ports).toEqual([0])
    expect(track.isCalledOff(0)).toBe(false)
    await track.succeed(0)
    expect(track.closed).toEqual([])
    await track.race.over
  })

  it('through a relay is reached so, while direct ways are tried on', async () => {
    const track = new Track([
      ['near', 0],
      ['relay', 500]
    ])
    const relayed = track.connection()
    track.race.offer(relayed, true)
    await expect(track.race.first).resolves.toBe(relayed)
    track.clock.advance(1_000)
    expect(track.ports).toEqual([0])
    const connection = await track.succeed(0)
    await expect(track.race.direct).resolves.toBe(connection)
  })
})

describe('a race that nobody wins', () => {
  it('fails with the error of the only try as it is', async () => {
    const track = new Track([['near', 0]])
    await track.fail(0, 'nobody there')
    await expect(track.race.first).rejects.toThrow(/^nobody there$/)
  })

  it('fails with the errors of all, and says why, without repeating itself', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 0],
      ['relay', 500]
    ])
    await track.fail(0)
    await track.fail(1)
    await track.fail(2, 'no reservation')
    const error = await track.race.first.catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(AggregateError)
    expect(error).toMatchObject({
      message: 'none of 3 addresses answers: refused; through a relay: no reservation'
    })
  })

  it('is called off as a whole, and leaves nothing behind', async () => {
    const track = new Track([
      ['near', 0],
      ['near', 250]
    ])
    track.race.stop(new Error('enough'))
    await expect(track.race.first).rejects.toThrow('enough')
    await expect(track.race.direct).rejects.toThrow('enough')
    await track.race.over
    expect(track.ports).toEqual([0])
    expect(track.clock.timerCount).toBe(0)
  })
})
