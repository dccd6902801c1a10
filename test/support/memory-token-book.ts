/** The book of the API's named tokens, in memory. */
import { randomBytes } from 'node:crypto'
import { TokenBook } from '../../src/http/token-book.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'

/** What it writes is read by the next one that is given the same `kept`. */
export function memoryTokenBook(
  kept: { text?: string } = {},
  clock: Clock = systemClock
): TokenBook {
  const storage = { read: () => kept.text, write: (text: string) => void (kept.text = text) }
  return new TokenBook({ clock, randomBytes, storage })
}
