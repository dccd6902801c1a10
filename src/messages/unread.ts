/** Messages on their way to one reader, as an async iterator: of what it does not read in time the oldest go, and it is told how many. */
import { LIMITS } from '../core/limits.ts'
import type { HeardMessage } from './topic-message.ts'

export class Unread implements AsyncIterableIterator<HeardMessage> {
  readonly #countMax: number
  readonly #messages: HeardMessage[] = []
  readonly #onEnd: () => void
  readonly #waiting: ((result: IteratorResult<HeardMessage, undefined>) => void)[] = []
  #droppedCount = 0
  #isOver = false

  /** @param onEnd called once, when nobody reads any more */
  constructor(onEnd: () => void, countMax: number = LIMITS.messagesUnreadMax) {
    this.#onEnd = onEnd
    this.#countMax = countMax
  }

  push(message: HeardMessage): void {
    if (this.#isOver) return
    const reader = this.#waiting.shift()
    if (reader !== undefined) return reader({ done: false, value: message })
    this.#messages.push(message)
    if (this.#messages.length <= this.#countMax) return
    this.#messages.shift()
    this.#droppedCount += 1
  }

  async next(): Promise<IteratorResult<HeardMessage, undefined>> {
    const message = this.#messages.shift()
    if (message !== undefined) return { done: false, value: this.#withDropped(message) }
    if (this.#isOver) return { done: true, value: undefined }
    return await new Promise((resolve) => this.#waiting.push(resolve))
  }

  async return(): Promise<IteratorResult<HeardMessage, undefined>> {
    this.end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** What is unread is gone. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#messages.length = 0
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined })
    this.#onEnd()
  }

  #withDropped(message: HeardMessage): HeardMessage {
    if (this.#droppedCount === 0) return message
    const dropped = this.#droppedCount
    this.#droppedCount = 0
    return { ...message, dropped }
  }
}
