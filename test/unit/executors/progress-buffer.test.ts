import { expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { ProgressBuffer } from '../../../src/executors/sandbox/progress-buffer.ts'
import type { TaskProgress } from '../../../src/model/generated/commands-execute-task.ts'

function createBuffer(): { clock: FakeClock; buffer: ProgressBuffer; sent: TaskProgress[] } {
  const clock = new FakeClock()
  const sent: TaskProgress[] = []
  const buffer = new ProgressBuffer({ clock, send: (progress) => sent.push(progress) })
  return { clock, buffer, sent }
}

it('sends the first word at once', () => {
  const { buffer, sent } = createBuffer()
  buffer.report({ ratio: 0.1, text: 'begun' })
  expect(sent).toEqual([{ ratio: 0.1, text: 'begun' }])
})

it('sends only the latest of the words within a tenth of a second', () => {
  const { clock, buffer, sent } = createBuffer()
  for (const ratio of [0.1, 0.2, 0.3]) buffer.report({ ratio })
  clock.advance(99)
  buffer.flushIfStale()
  expect(sent).toEqual([{ ratio: 0.1 }])
  clock.advance(1)
  buffer.flushIfStale()
  expect(sent).toEqual([{ ratio: 0.1 }, { ratio: 0.3 }])
})

it('sends the last word at the end, however soon', () => {
  const { buffer, sent } = createBuffer()
  buffer.report({ ratio: 0 })
  buffer.report({ ratio: 1 })
  buffer.flush()
  expect(sent).toEqual([{ ratio: 0 }, { ratio: 1 }])
})

it('sends nothing when there is nothing new', () => {
  const { clock, buffer, sent } = createBuffer()
  buffer.flushIfStale()
  buffer.flush()
  buffer.report({ ratio: 0 })
  clock.advance(1_000)
  buffer.flushIfStale()
  buffer.flush()
  expect(sent).toHaveLength(1)
})
