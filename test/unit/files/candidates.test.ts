/** Whom a download asks next, and who gives way where more are named than it remembers. */
import { describe, expect, it } from 'vitest'
import { Candidates } from '../../../src/files/transfer/candidates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'

function full(): Candidates {
  const candidates = new Candidates(new FakeClock())
  for (let count = 0; count < LIMITS.downloadCandidatesMax; count += 1) candidates.add(`p${count}`)
  return candidates
}

describe('candidates of a download', () => {
  it('that nobody has tried yet keep their places', () => {
    const candidates = full()
    expect(candidates.add('newcomer')).toBe(false)
  })

  it('that were tried in vain give way, but not while they are tried again', () => {
    const candidates = full()
    const first = candidates.take() ?? ''
    expect(candidates.add('newcomer')).toBe(false)
    candidates.leave(first, 'failed')
    expect(candidates.add('newcomer')).toBe(true)
    expect(candidates.count).toBe(LIMITS.downloadCandidatesMax)
    expect(candidates.add(first)).toBe(false)
  })

  it('of several that have failed, the one that has failed most goes', () => {
    const clock = new FakeClock()
    const candidates = new Candidates(clock)
    candidates.add('twice')
    for (let count = 0; count < 2; count += 1) {
      candidates.leave(candidates.take() ?? '', 'failed')
      clock.advance(60_000)
    }
    candidates.add('once')
    candidates.leave(candidates.take() ?? '', 'failed')
    for (let count = 2; count < LIMITS.downloadCandidatesMax; count += 1)
      candidates.add(`p${count}`)
    expect(candidates.add('newcomer')).toBe(true)
    expect(candidates.add('once')).toBe(false)
    expect(candidates.add('twice')).toBe(true)
  })

  it('that have given pieces are tried again within seconds while they are away, others ever later', () => {
    const clock = new FakeClock()
    const candidates = new Candidates(clock)
    const waitMs = (): number => {
      for (let ms = 0; ; ms += 500) {
        if (candidates.take() !== undefined) return ms
        clock.advance(500)
      }
    }
    candidates.add('known')
    waitMs()
    for (const expectedMs of [1_000, 2_000, 4_000, 8_000]) {
      candidates.leave('known', 'away')
      expect(waitMs()).toBe(expectedMs)
    }
    candidates.noteProven('known')
    candidates.leave('known', 'away')
    expect(waitMs()).toBe(4_000)
    candidates.leave('known', 'failed')
    expect(waitMs()).toBe(32_000)
    candidates.leave('known', 'fine')
    expect(waitMs()).toBe(0)
  })
})
