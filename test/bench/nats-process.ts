/** Process of jobs.bench: one end of NATS request/reply, the worker or the client. */
import { answerParent, readInit } from './support/child.ts'
import { ANSWER_TEXT, NOOP_JOB } from './support/bodies.ts'
import { importPeer } from './support/peers.ts'
import { runLoad } from './support/load.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface NatsInit {
  role: 'worker' | 'client'
  port: number
}

/** What is used of the package `nats` 2. */
interface Nats {
  connect: (options: { servers: string }) => Promise<NatsConnection>
}

interface NatsConnection {
  subscribe: (
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void }
  ) => unknown
  request: (subject: string, body: Uint8Array, options: { timeout: number }) => Promise<NatsMessage>
  flush: () => Promise<void>
}

interface NatsMessage {
  data: Uint8Array
  respond: (body: Uint8Array) => boolean
}

const SUBJECT = 'jobs'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

const { port, role } = readInit() as NatsInit
const nats = await importPeer<Nats>('nats')
const connection = await nats.connect({ servers: `127.0.0.1:${port}` })
if (role === 'worker') {
  connection.subscribe(SUBJECT, {
    callback: (_error, message) => {
      JSON.parse(decoder.decode(message.data))
      message.respond(encoder.encode(ANSWER_TEXT))
    }
  })
  await connection.flush()
}

async function ask(): Promise<void> {
  const body = encoder.encode(JSON.stringify(NOOP_JOB))
  const answer = await connection.request(SUBJECT, body, { timeout: 30_000 })
  JSON.parse(decoder.decode(answer.data))
}

answerParent({ load: (init: LoadInit): Promise<LoadResult> => runLoad(init, ask) })
