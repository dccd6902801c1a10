import { describe, expect, it } from 'vitest'
import { ContainerCli } from '../../../../src/executors/container/container-cli.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { deferred } from '../../../../src/core/abort.ts'
import { removeContainer } from '../../../../src/executors/container/container-removal.ts'
import { settle } from '../../../support/settle.ts'

const HOUR_MS = 3_600_000

/** A runtime that answers to `rm` as it is told. */
function setUp(answers: () => boolean, hasEnded = false) {
  const clock = new FakeClock()
  let callCount = 0
  class ToldCli extends ContainerCli {
    override async remove(): Promise<boolean> {
      callCount += 1
      return answers()
    }
  }
  const closed = deferred<void>()
  const controller = new AbortController()
  let isEnded = false
  let hasClosed = hasEnded
  const close = (): void => {
    hasClosed = true
    closed.resolve()
  }
  const gone = removeContainer(
    { cli: new ToldCli(clock, ['podman']), clock },
    {
      name: 'taskmesh-1',
      hasClosed: () => hasClosed,
      closed: closed.promise,
      signal: controller.signal,
      endChild: () => {
        isEnded = true
        close()
      }
    }
  )
  const passTime = async (ms: number, stepMs = 100): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      await settle()
      clock.advance(stepMs)
    }
    await settle()
  }
  return {
    clock,
    close,
    controller,
    gone,
    passTime,
    calls: () => callCount,
    isChildEnded: () => isEnded
  }
}

describe('the removal of a container', () => {
  it('takes one call once its command has ended', async () => {
    const { calls, gone } = setUp(() => true, true)
    await expect(gone).resolves.toEqual({})
    expect(calls()).toBe(1)
  })

  it('looks again until the command that makes it has ended', async () => {
    const { calls, close, gone, passTime } = setUp(() => true)
    await passTime(500)
    const before = calls()
    expect(before).toBeGreaterThan(2)
    close()
    await expect(gone).resolves.toEqual({})
    expect(calls()).toBe(before + 1)
  })

  it('ends a command that does not end by itself', async () => {
    const { gone, isChildEnded, passTime } = setUp(() => true)
    await passTime(21_000)
    await expect(gone).resolves.toEqual({})
    expect(isChildEnded()).toBe(true)
  })

  it('goes on when nobody waits any more, until it is gone', async () => {
    let isWell = false
    const { clock, close, gone, passTime } = setUp(() => isWell)
    close()
    await passTime(21_000)
    const { lingering } = await gone
    await passTime(60_000, 1_000)
    // It still waits for the next try.
    expect(clock.timerCount).toBe(1)
    isWell = true
    await passTime(20_000, 1_000)
    await lingering
    expect(clock.timerCount).toBe(0)
  })

  it('is given up when the engine stops', async () => {
    const { clock, close, controller, gone, passTime } = setUp(() => false)
    close()
    await passTime(21_000)
    const { lingering } = await gone
    controller.abort()
    await lingering
    expect(clock.timerCount).toBe(0)
  })
})

describe('a call of the runtime', () => {
  it('that hangs is given up', async () => {
    const clock = new FakeClock()
    const answer = new ContainerCli(clock, ['sleep']).call([String(HOUR_MS)])
    clock.advance(30_000)
    expect(await answer).toMatchObject({ code: null, stderr: 'no answer within 30s' })
  })

  it('that can’t be made says why', async () => {
    const clock = new FakeClock()
    const answer = await new ContainerCli(clock, ['no-such-program']).call(['info'])
    expect(answer.code).toBeNull()
    expect(answer.stderr).toContain('ENOENT')
    expect(clock.timerCount).toBe(0)
  })
})
