/** Process of wire.bench and jobs.bench: asks over raw TCP or TLS in our frames, a body of 300 bytes or a no-op job. */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { answerParent, readInit } from './support/child.ts'
import { NOOP_JOB, TASK_TEXT } from './support/bodies.ts'
import { RawCaller } from './support/raw-link.ts'
import { runLoad } from './support/load.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface RawClientInit {
  port: number
  isTls: boolean
  kind: 'task' | 'routed'
}

const { isTls, kind, port } = readInit() as RawClientInit
const host = '127.0.0.1'
// The certificate is this run's own, and the server a child of the same bench.
const socket = isTls
  ? connectTls({ port, host, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  : connect(port, host)
await once(socket, isTls ? 'secureConnect' : 'connect')
const caller = new RawCaller(socket)
const encoder = new TextEncoder()
const body = kind === 'task' ? () => TASK_TEXT : () => JSON.stringify(NOOP_JOB)
const params = kind === 'task' ? {} : { auto_route: true }

function ask(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const request = { command: 'EXECUTE_TASK', to: null, params, bulk: encoder.encode(body()) }
  caller.request(request, () => resolve())
  return promise
}

answerParent({ load: (init: LoadInit): Promise<LoadResult> => runLoad(init, ask) })
