/** How much a machine has slowed down, by a spin whose time a test decides. */
import { expect, it } from 'vitest'
import { SpinGauge } from '../../../src/host/spin-gauge.ts'

/** A machine on which a round takes so many nanoseconds. */
function machine(nanoseconds: number) {
  let nowMs = 0
  const state = { nanoseconds }
  const spin = (rounds: number): number => {
    nowMs += (rounds * state.nanoseconds) / 1e6
    return rounds
  }
  return { state, gauge: new SpinGauge({ spin, clock: { monotonicMs: () => nowMs } }) }
}

it('is 1 on a machine that stays as it is', () => {
  const { gauge } = machine(1)
  for (let count = 0; count < 10; count += 1) expect(gauge.measure()).toBeCloseTo(1)
})

it('follows a machine that slows down within a few measurements, and back', () => {
  const { gauge, state } = machine(1)
  gauge.measure()
  state.nanoseconds = 4
  for (let count = 0; count < 10; count += 1) gauge.measure()
  expect(gauge.measure()).toBeCloseTo(4, 0)
  state.nanoseconds = 1
  for (let count = 0; count < 20; count += 1) gauge.measure()
  expect(gauge.measure()).toBeCloseTo(1)
})

it('takes the best that it has seen for the machine’s own speed: it may have started under load', () => {
  const { gauge, state } = machine(3)
  gauge.measure()
  state.nanoseconds = 1
  gauge.measure()
  state.nanoseconds = 3
  for (let count = 0; count < 30; count += 1) gauge.measure()
  expect(gauge.measure()).toBeCloseTo(3)
})

it('knows the clock rate of a machine that does not tell', () => {
  expect(machine(1.25).gauge.ghz).toBeCloseTo(3.2)
})

it('has a plausible one for this machine', () => {
  const gauge = new SpinGauge()
  expect(gauge.ghz).toBeGreaterThan(0.05)
  expect(gauge.ghz).toBeLessThan(20)
  expect(gauge.measure()).toBeGreaterThanOrEqual(1)
})
