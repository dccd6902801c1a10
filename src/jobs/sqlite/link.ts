/**
 * The router's end of the store's thread: starts it, sends it batches and queries, hands out its
 * answers, and tells everybody who waits when it has died.
 */
import { Worker } from 'node:worker_threads'
import { assert } from '../../core/assert.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { siblingModule } from '../../core/sibling-module.ts'
import { SqliteQueue } from './queue.ts'
import type { Deferred } from '../../core/abort.ts'
import type { FromThread, SqliteBatch, SqliteThreadInit, ToThread } from './batch.ts'
import type { SqliteQueueInit } from './queue.ts'
import type { SqliteReader } from './reader.ts'
import type { StoreChange } from '../store.ts'

export class SqliteLink {
  readonly #threadInit: SqliteThreadInit
  readonly #queue: SqliteQueue
  readonly #opened = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  readonly #reads = new Map<number, Deferred<unknown>>()
  #worker: Worker | undefined
  #failure: MeshError | undefined
  #isPumpPlanned = false
  #isStopping = false
  #nextReadId = 0

  constructor(threadInit: SqliteThreadInit, queueInit: SqliteQueueInit) {
    this.#threadInit = threadInit
    this.#queue = new SqliteQueue(queueInit)
  }

  /** @throws MeshError NODE_ALREADY_RUNNING or STORE_FAILED */
  async start(): Promise<void> {
    const worker = new Worker(siblingModule(import.meta.url, 'thread'), {
      workerData: this.#threadInit,
      // A flag of ours, such as an inspector's or a test runner's, is not meant for it.
      execArgv: []
    })
    this.#worker = worker
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', (cause) => this.#fail(this.#died(messageOf(cause), cause)))
    worker.on('exit', () => {
      this.#fail(this.#died('its thread has ended'))
      this.#exited.resolve()
    })
    await this.#opened.promise
    this.#holdProcess()
  }

  apply(changes: readonly StoreChange[]): Promise<void> {
    let written: Promise<void>
    try {
      if (this.#failure !== undefined) throw this.#failure
      written = this.#queue.add(changes)
    } catch (cause) {
      return Promise.reject(MeshError.from(cause))
    }
    if (this.#queue.sentCount > 0) this.#pump()
    else this.#planPump()
    return written
  }

  /** Sees everything applied before. */
  read<K extends keyof SqliteReader>(
    name: K,
    ...args: Parameters<SqliteReader[K]>
  ): Promise<ReturnType<SqliteReader[K]>> {
    return this.#ask((id) => ({ kind: 'read', id, name, args })) as Promise<
      ReturnType<SqliteReader[K]>
    >
  }

  /** Has everything applied before, and nothing applied after it began. */
  async backup(file: string): Promise<void> {
    await this.#ask((id) => ({ kind: 'backup', id, file }))
  }

  /** Writes what waits, closes the file and ends the thread. */
  async stop(): Promise<void> {
    if (this.#failure === undefined) {
      this.#flush()
      this.#post({ kind: 'stop' })
    }
    this.#isStopping = true
    this.#holdProcess()
    await this.#exited.promise
  }

  #ask(question: (id: number) => ToThread): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#flush()
    const answer = Promise.withResolvers<unknown>()
    const id = this.#nextReadId
    this.#nextReadId += 1
    this.#post(question(id))
    this.#reads.set(id, answer)
    this.#holdProcess()
    return answer.promise
  }

  #planPump(): void {
    if (this.#isPumpPlanned) return
    this.#isPumpPlanned = true
    // All calls of this turn of the event loop share the commit.
    setImmediate(() => {
      this.#isPumpPlanned = false
      this.#pump()
    })
  }

  #pump(): void {
    for (let batch = this.#queue.takeReady(); batch; batch = this.#queue.takeReady()) {
      this.#write(batch)
    }
    this.#holdProcess()
  }

  #flush(): void {
    for (let batch = this.#queue.takeNext(); batch; batch = this.#queue.takeNext()) {
      this.#write(batch)
    }
  }

  #write(batch: SqliteBatch): void {
    this.#post({ kind: 'write', batch })
  }

  #post(message: ToThread): void {
    assert(this.#worker !== undefined, 'the store is started before it is used')
    this.#worker.postMessage(message, [])
  }

  #receive(message: FromThread): void {
    // What a dying thread had still sent comes after its error; nobody waits for it any more.
    if (this.#failure !== undefined) return
    switch (message.kind) {
      case 'opened':
        this.#opened.resolve()
        break
      case 'refused':
        this.#fail(MeshError.fromData(message.error))
        break
      case 'answer':
        this.#takeRead(message.id).resolve(message.value)
        break
      case 'unanswered':
        this.#takeRead(message.id).reject(MeshError.fromData(message.error))
        break
      case 'unwritten':
        this.#queue.reject(MeshError.fromData(message.error))
        break
      case 'written':
        this.#queue.settle(message.failures)
        break
    }
    this.#pump()
  }

  #takeRead(id: number): Deferred<unknown> {
    const read = this.#reads.get(id)
    assert(read !== undefined, 'the thread answers each query once')
    this.#reads.delete(id)
    return read
  }

  /** The thread keeps the process alive while somebody waits for it, and not a moment longer. */
  #holdProcess(): void {
    const isAwaited = this.#isStopping || this.#queue.sentCount > 0 || this.#reads.size > 0
    if (isAwaited) this.#worker?.ref()
    else this.#worker?.unref()
  }

  /** The first reason stays: what comes after it is its consequence. */
  #fail(error: MeshError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#opened.reject(error)
    this.#queue.rejectAll(error)
    for (const read of this.#reads.values()) read.reject(error)
    this.#reads.clear()
  }

  #died(why: string, cause?: unknown): MeshError {
    const { file } = this.#threadInit
    return new MeshError('STORE_FAILED', `the job store ${file} has stopped: ${why}`, {
      hint: 'restart the router; everything that was acknowledged is in the file',
      cause
    })
  }
}
