/** The requests that this end of a session has sent and that wait for their answers; each ends exactly once. */
import { deferred } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Frame } from './frames.ts'

/** An answer as it came: the error typed, the result unchecked, the bulk field still as text. */
export interface SessionAnswer {
  error?: MeshError
  result?: Record<string, unknown>
  bulk?: string
}

interface Waiting {
  resolve: (answer: SessionAnswer) => void
  reject: (error: unknown) => void
  release: () => void
}

const decoder = new TextDecoder('utf-8', { fatal: true })

export class PendingRequests {
  readonly #clock: Clock
  readonly #sendCancel: (id: number) => void
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  constructor(clock: Clock, sendCancel: (id: number) => void) {
    this.#clock = clock
    this.#sendCancel = sendCancel
  }

  get count(): number {
    return this.#waiting.size
  }

  /** @throws MeshError TOO_MANY_REQUESTS */
  nextId(): number {
    if (this.#waiting.size >= LIMITS.sessionRequestsMax) {
      throw new MeshError(
        'TOO_MANY_REQUESTS',
        `${LIMITS.sessionRequestsMax} requests to this peer wait already`
      )
    }
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  /** Resolves with the answer; rejects at the time limit, with the signal's reason, or when all fail. */
  wait(id: number, options: AbortOptions & { timeoutMs: number }): Promise<SessionAnswer> {
    const { promise, resolve, reject } = deferred<SessionAnswer>()
    const { signal, timeoutMs } = options
    const giveUp = (reason: unknown): void => {
      if (this.#settle(id) === undefined) return
      this.#sendCancel(id)
      reject(reason)
    }
    const onAbort = (): void => giveUp(signal?.reason)
    const cancelTimer = this.#clock.after(timeoutMs, () =>
      giveUp(new MeshError('RESPONSE_TIMED_OUT', `no answer within ${timeoutMs} ms`))
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    const release = (): void => {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
    this.#waiting.set(id, { resolve, reject, release })
    return promise
  }

  /** An answer to a request that was given up, or never made, is of no use to anybody. */
  onResponse(frame: Frame & { kind: 'response' }): void {
    this.#settle(frame.id)?.resolve(readAnswer(frame))
  }

  failAll(error: MeshError): void {
    for (const id of this.#waiting.keys()) this.#settle(id)?.reject(error)
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    waiting.release()
    return waiting
  }
}

function readAnswer(frame: Frame & { kind: 'response' }): SessionAnswer {
  const answer: SessionAnswer = {}
  if (frame.error !== null) answer.error = MeshError.fromData(frame.error, 'RESPONSE_INVALID')
  if (frame.result !== null) answer.result = frame.result
  if (frame.bulk === null) return answer
  try {
    answer.bulk = decoder.decode(frame.bulk)
  } catch (cause) {
    answer.error = new MeshError('RESPONSE_INVALID', "the answer's bulk is not UTF-8", { cause })
  }
  return answer
}
