/** What counts as having moved or slept: addresses by which others come, and time in which nothing ran. */
import { describe, expect, it } from 'vitest'
import { WakeWatch, upheavalBetween } from '../../../src/network/contact/wake-watch.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { Interfaces, Upheaval } from '../../../src/network/contact/wake-watch.ts'

const HOUR_MS = 3_600_000

function up(...addresses: string[]): Interfaces {
  return {
    lo: [{ address: '127.0.0.1', internal: true }],
    eth0: addresses.map((address) => ({ address, internal: false }))
  }
}

class Laptop {
  readonly clock = new FakeClock()
  readonly upheavals: Upheaval[] = []
  readonly watch: WakeWatch
  interfaces = up('192.168.1.5')

  constructor() {
    this.watch = new WakeWatch({
      clock: this.clock,
      interfaces: () => this.interfaces,
      onUpheaval: (upheaval) => this.upheavals.push(upheaval)
    })
  }
}

async function started(): Promise<Laptop> {
  const laptop = new Laptop()
  await laptop.watch.start()
  return laptop
}

describe('a watch', () => {
  it('says nothing of a machine that stays awake where it is', async () => {
    const { clock, upheavals, watch } = await started()
    clock.advance(HOUR_MS)
    expect(upheavals).toEqual([])
    await watch.stop()
    expect(clock.timerCount).toBe(0)
  })

  it('tells once which addresses have gone and come', async () => {
    const laptop = await started()
    laptop.interfaces = up('10.20.0.7', '2001:db8::7')
    laptop.clock.advance(10_000)
    expect(laptop.upheavals).toEqual([
      { gone: ['192.168.1.5'], come: ['10.20.0.7', '2001:db8::7'], sleptMs: 0 }
    ])
  })

  it('does not mind the addresses that each link has, nor those within the machine', async () => {
    const laptop = await started()
    laptop.interfaces = {
      ...up('192.168.1.5', 'fe80::42', '169.254.3.4'),
      veth1: [{ address: 'fe80::1', internal: false }],
      lo: [{ address: '::1', internal: true }]
    }
    laptop.clock.advance(10_000)
    expect(laptop.upheavals).toEqual([])
  })

  it('tells of a sleep in which only the wall clock went on', async () => {
    const laptop = await started()
    laptop.clock.jumpWall(8 * HOUR_MS)
    laptop.clock.advance(10_000)
    expect(laptop.upheavals).toEqual([{ gone: [], come: [], sleptMs: 8 * HOUR_MS }])
  })
})

describe('two looks', () => {
  const addresses = new Set(['192.168.1.5'])
  const before = { addresses, wallMs: 0, monotonicMs: 0 }
  const at = (wallMs: number, monotonicMs: number): number | undefined =>
    upheavalBetween(before, { addresses, wallMs, monotonicMs })?.sleptMs

  it('far apart by both clocks were a sleep, where the monotonic clock counts it', () => {
    expect(at(60_000, 60_000)).toBe(58_000)
  })

  it('a little too far apart were a busy machine', () => {
    expect(at(9_000, 9_000)).toBeUndefined()
  })

  it('with a wall clock that was set back were none', () => {
    expect(at(-HOUR_MS, 2_000)).toBeUndefined()
  })
})
