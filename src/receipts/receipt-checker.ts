/**
 * Has receipts checked on a thread of their own. What comes in one turn of the event loop goes there in one
 * message: measured, that costs the main thread a tenth of what a check by the thread pool costs it.
 */
import { Worker } from 'node:worker_threads'
import { MeshError, messageOf } from '../core/errors.ts'
import { siblingModule } from '../core/sibling-module.ts'
import type { ErrorData } from '../core/errors.ts'
import type { Expected } from './proof.ts'
import type { Startable } from '../core/startable.ts'

/** A receipt in base64, then as JSON what it must say; and so on. */
export type CheckRequests = string[]
/** In the same order, what is wrong with each. */
export type CheckAnswers = (ErrorData | null)[]

type Settle = (wrong: MeshError | undefined) => void

export class ReceiptChecker implements Startable {
  #thread: Worker | undefined
  #requests: CheckRequests = []
  /** Of those that are there or on their way there, oldest first, by message. */
  #waiting: Settle[] = []
  readonly #sent: Settle[][] = []
  #count = 0
  #isStopped = false

  /** How many have not been answered. */
  get pendingCount(): number {
    return this.#count
  }

  /** The thread comes with the first receipt. */
  async start(): Promise<void> {
    this.#isStopped = false
  }

  /** What is not checked by then will not be. */
  async stop(): Promise<void> {
    const thread = this.#thread
    this.#isStopped = true
    this.#fail(stopping())
    await thread?.terminate()
  }

  /** Resolves to what is wrong with it; to undefined if nothing is. Never rejects. */
  check(receipt: string, expected: Expected): Promise<MeshError | undefined> {
    if (this.#isStopped) return Promise.resolve(stopping())
    this.#count += 1
    this.#requests.push(receipt, JSON.stringify(expected))
    const { promise, resolve } = Promise.withResolvers<MeshError | undefined>()
    this.#waiting.push(resolve)
    if (this.#waiting.length === 1) setImmediate(() => this.#send())
    return promise
  }

  #send(): void {
    if (this.#waiting.length === 0) return
    this.#thread ??= this.#begin()
    this.#sent.push(this.#waiting)
    // oxlint-disable-next-line require-post-message-target-origin -- it is a thread, no window
    this.#thread.postMessage(this.#requests)
    this.#waiting = []
    this.#requests = []
  }

  #begin(): Worker {
    // A flag of ours, such as an inspector's or a test runner's, is not meant for it.
    const thread = new Worker(siblingModule(import.meta.url, 'check-thread'), { execArgv: [] })
    thread.on('message', (answers: CheckAnswers) => this.#settle(answers))
    thread.on('error', (cause) => this.#lose(thread, messageOf(cause)))
    thread.on('exit', () => this.#lose(thread, 'it has ended'))
    // No process waits for it.
    thread.unref()
    return thread
  }

  #settle(answers: CheckAnswers): void {
    const settles = this.#sent.shift() ?? []
    this.#count -= settles.length
    settles.forEach((settle, index) => {
      const wrong = answers[index] ?? null
      settle(wrong === null ? undefined : MeshError.fromData(wrong))
    })
  }

  /** The next receipt begins another one. */
  #lose(thread: Worker, why: string): void {
    if (this.#thread === thread)
      this.#fail(new MeshError('INTERNAL', `no receipt is checked: ${why}`))
  }

  #fail(error: MeshError): void {
    this.#thread = undefined
    const settles = [...this.#sent.splice(0).flat(), ...this.#waiting.splice(0)]
    this.#requests = []
    this.#count = 0
    for (const settle of settles) settle(error)
  }
}

function stopping(): MeshError {
  return new MeshError('STOPPING', 'the router is stopping')
}
