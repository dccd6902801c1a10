/** What every engine must do, whatever it runs and however: one suite, run once per engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { recordRun, textOf } from './executor-recorder.ts'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import { taskTerms } from '../support/task-terms.ts'
import type { Executor } from '../../src/executors/executor.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { Listener, RecordedOutcome } from './executor-recorder.ts'
import type { LogEntry } from '../../src/model/generated/commands-execute-task.ts'
import type { TaskDocument } from '../../src/model/job.ts'

export interface ExecutorSubject {
  executor: Executor
  /** Tasks that the engine may run at the same time. */
  slotCount: number
  /** A task whose output is the JSON of `{"number": <number>}`, unless `numberedOutput` says otherwise. */
  numbered: (number: number) => TaskDocument
  numberedOutput?: (number: number) => unknown
  failing: { task: TaskDocument; code: ErrorCode }
  /** A task that does not end by itself within a minute. */
  endless: TaskDocument
  /** One that also says within two seconds how far it is; none if the engine's tasks can't say. */
  reporting?: TaskDocument
  /**
   * A task that writes the lines 0 to 99, the even ones to `out` and the odd ones to `err`, and then
   * does not end; none if the engine has no log.
   */
  counting?: TaskDocument
  /** Which stream has a line of it, where the engine knows but one. */
  streamOf?: (number: number) => LogEntry['stream']
  /** A task that logs more than the bound, then succeeds; none if the engine has no log. */
  chatty?: TaskDocument
  /** A time limit within which a task begins and says something. @default 200 */
  shortMs?: number
  /** A task that returns more than the bound; none if the engine's arguments are bounded tighter. */
  flooding?: TaskDocument
}

const LONG_MS = 60_000
const SHORT_MS = 200
/** In which a task has written something, on a loaded machine too. */
const WRITING_MS = 1_500

export function runExecutorSuite(name: string, create: () => ExecutorSubject): void {
  describe(`executor ${name}`, () => {
    let subject: ExecutorSubject

    beforeAll(async () => {
      subject = create()
      await subject.executor.start()
    })
    afterAll(() => subject.executor.stop())

    async function run(
      task: TaskDocument,
      timeoutMs = LONG_MS,
      signal = new AbortController().signal,
      ears: Partial<Listener> = {}
    ): Promise<RecordedOutcome> {
      const terms = taskTerms({ timeoutMs, signal, memoryBytesMax: 64 * 2 ** 20 })
      return recordRun((listener) => subject.executor.run({ task, ...terms, ...listener }), ears)
    }

    function numbered(number: number): unknown {
      return subject.numberedOutput?.(number) ?? { number }
    }

    async function expectUsable(): Promise<void> {
      const outcome = await run(subject.numbered(7))
      expect(outcome.error).toBeUndefined()
      expect(JSON.parse(outcome.output ?? '')).toEqual(numbered(7))
    }

    async function expectSilent({ late }: RecordedOutcome): Promise<void> {
      await expectUsable()
      await sleep(systemClock, SHORT_MS)
      expect(late).toEqual([])
    }

    it('returns the output as JSON text', expectUsable)

    it('says what went wrong when a task fails, and goes on', async () => {
      const outcome = await run(subject.failing.task)
      expect(outcome.error?.code).toBe(subject.failing.code)
      expect(outcome.error?.blame).toBe('job')
      expect(outcome.output).toBeUndefined()
      await expectUsable()
    })

    it('ends a task at its time limit, and goes on', async () => {
      const outcome = await run(subject.endless, subject.shortMs ?? SHORT_MS)
      expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
      expect(outcome.output).toBeUndefined()
      await expectUsable()
    })

    it('ends a task when it is told to stop, and goes on', async () => {
      const controller = new AbortController()
      const ended = run(subject.endless, LONG_MS, controller.signal)
      controller.abort()
      expect((await ended).error?.code).toBe('TASK_STOPPED')
      await expectUsable()
    })

    it('does not begin a task that was stopped before', async () => {
      const outcome = await run(subject.endless, LONG_MS, AbortSignal.abort())
      expect(outcome.error?.code).toBe('TASK_STOPPED')
      await expectUsable()
    })

    it('tells how far a task is while it runs, and nothing once it is over', async ({ skip }) => {
      const { reporting } = subject
      if (reporting === undefined) return skip('tasks of this engine cannot say how far they are')
      const controller = new AbortController()
      const outcome = await run(reporting, LONG_MS, controller.signal, {
        onProgress: () => controller.abort()
      })
      expect(outcome.error?.code).toBe('TASK_STOPPED')
      const ratios = outcome.progress.map(({ ratio }) => ratio)
      expect(ratios.length).toBeGreaterThan(0)
      for (const ratio of ratios) expect(ratio).toBeGreaterThanOrEqual(0)
      for (const ratio of ratios) expect(ratio).toBeLessThanOrEqual(1)
      await expectSilent(outcome)
    })

    it('passes the log on while a task runs, in order and by stream', async ({ skip }) => {
      const { counting, streamOf = evenAndOdd } = subject
      if (counting === undefined) return skip('this engine has no log')
      const controller = new AbortController()
      const outcome = await run(counting, LONG_MS, controller.signal, {
        onLog: ({ text }) => text.endsWith('99\n') && controller.abort()
      })
      expect(outcome.error?.code).toBe('TASK_STOPPED')
      expect(textOf(outcome.log)).toBe(lines(() => true))
      expect(textOf(outcome.log, 'out')).toBe(lines((number) => streamOf(number) === 'out'))
      expect(textOf(outcome.log, 'err')).toBe(lines((number) => streamOf(number) === 'err'))
      const times = outcome.log.map(({ ms }) => ms)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(times.every((ms) => ms >= 0 && ms <= outcome.usage.wallMs)).toBe(true)
      expect(outcome.logsDroppedBytes).toBe(0)
      await expectSilent(outcome)
    })

    it('shows what a task wrote before its time was up', async ({ skip }) => {
      const { counting } = subject
      if (counting === undefined) return skip('this engine has no log')
      const outcome = await run(counting, subject.shortMs ?? WRITING_MS)
      expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
      expect(textOf(outcome.log)).toBe(lines(() => true))
      await expectSilent(outcome)
    })

    it('bounds the log and counts what it drops', async ({ skip }) => {
      const { chatty } = subject
      if (chatty === undefined) return skip('this engine has no log')
      const outcome = await run(chatty)
      expect(outcome.error).toBeUndefined()
      const bytes = Buffer.byteLength(textOf(outcome.log))
      expect(bytes).toBeLessThanOrEqual(LIMITS.logSpoolBytesMax)
      expect(bytes).toBeGreaterThan(LIMITS.logBytesMax / 2)
      // Engines whose tasks write to a pipe of their own take more than is kept with the router.
      expect(bytes + outcome.logsDroppedBytes).toBeGreaterThan(LIMITS.logBytesMax)
      await expectUsable()
    })

    it('bounds the output', async ({ skip }) => {
      const { flooding } = subject
      if (flooding === undefined) return skip('this engine bounds its output by its input')
      const outcome = await run(flooding)
      expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
      expect(outcome.output).toBeUndefined()
      await expectUsable()
    })

    it('runs twenty tasks in a row', async () => {
      for (let number = 0; number < 20; number += 1) {
        const outcome = await run(subject.numbered(number))
        expect(JSON.parse(outcome.output ?? '')).toEqual(numbered(number))
      }
    })

    it('runs as many tasks at once as it has slots', async () => {
      const numbers = Array.from({ length: subject.slotCount }, (_, number) => number)
      const outcomes = await Promise.all(numbers.map((number) => run(subject.numbered(number))))
      expect(outcomes.map(({ output }) => JSON.parse(output ?? '') as unknown)).toEqual(
        numbers.map(numbered)
      )
    })

    it('reports how long a task took', async () => {
      expect((await run(subject.numbered(1))).usage.wallMs).toBeGreaterThanOrEqual(0)
    })
  })
}

function evenAndOdd(number: number): LogEntry['stream'] {
  return number % 2 === 0 ? 'out' : 'err'
}

function lines(isWanted: (number: number) => boolean): string {
  const numbers = Array.from({ length: 100 }, (_, number) => number).filter(isWanted)
  return numbers.map((number) => `${number}\n`).join('')
}
