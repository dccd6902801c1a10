/** How far something is, where nobody redraws a line. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { BytesProgress } from '../../../src/cli/upload/progress.ts'
import type { CommandContext } from '../../../src/cli/command.ts'

test('the same is not said twice', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const notes: string[] = []
  const context = {
    output: { isQuiet: false, isForPrograms: false, note: (text: string) => notes.push(text) },
    terminal: { stderr: { isTTY: false } }
  } as unknown as CommandContext
  const progress = new BytesProgress('fetching it', context)
  vi.advanceTimersByTime(10_000)
  expect(notes).toEqual(['fetching it  100%  0B of 0B'])
  progress.set({ bytes: 1_024, totalBytes: 2_048, bytesPerSecond: 0 })
  vi.advanceTimersByTime(10_000)
  expect(notes).toHaveLength(2)
  progress.stop()
})
