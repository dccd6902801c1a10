/** Process of jobs.bench: one end of a BullMQ queue on Redis, the worker or the client that waits for results. */
import { answerParent, readInit } from './support/child.ts'
import { NOOP_JOB } from './support/bodies.ts'
import { importPeer } from './support/peers.ts'
import { runLoad } from './support/load.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface BullmqInit {
  role: 'worker' | 'client'
  port: number
}

interface Link {
  connection: { host: string; port: number }
}

interface Job {
  waitUntilFinished: (events: unknown) => Promise<unknown>
}

/** What is used of the package `bullmq`. */
interface Bullmq {
  Queue: new (
    name: string,
    options: Link
  ) => {
    add: (name: string, data: unknown, options: object) => Promise<Job>
    setMaxListeners: (count: number) => void
  }
  QueueEvents: new (
    name: string,
    options: Link
  ) => { waitUntilReady: () => Promise<unknown>; setMaxListeners: (count: number) => void }
  Worker: new (
    name: string,
    work: () => Promise<unknown>,
    options: Link & { concurrency: number }
  ) => { waitUntilReady: () => Promise<unknown> }
}

const QUEUE = 'jobs'
const CONCURRENCY = 256

const { port, role } = readInit() as BullmqInit
const bullmq = await importPeer<Bullmq>('bullmq')
const link: Link = { connection: { host: '127.0.0.1', port } }
if (role === 'worker') {
  const options = { ...link, concurrency: CONCURRENCY }
  await new bullmq.Worker(QUEUE, async () => ({ ok: true }), options).waitUntilReady()
  answerParent({})
} else {
  const queue = new bullmq.Queue(QUEUE, link)
  const events = new bullmq.QueueEvents(QUEUE, link)
  // One listener per waiting job, which is the very thing that is measured.
  queue.setMaxListeners(0)
  events.setMaxListeners(0)
  await events.waitUntilReady()
  const ask = async (): Promise<void> => {
    const job = await queue.add('noop', NOOP_JOB, { removeOnComplete: 1_000 })
    await job.waitUntilFinished(events)
  }
  answerParent({ load: (init: LoadInit): Promise<LoadResult> => runLoad(init, ask) })
}
