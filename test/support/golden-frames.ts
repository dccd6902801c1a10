/** One frame of each kind with every field filled, as the golden bytes in test/fixtures hold them. */
import type { Frame } from '../../src/protocol/frames.ts'

const LOAD = { running: 1, queued: 0, slots: 4, cpu_usage: 12.5, stopping: false }

export const GOLDEN_FRAMES: Readonly<Record<string, Frame>> = {
  hello: { kind: 'hello', version: 1, agent: 'taskmesh/0.1.0' },
  'request, all fields': {
    kind: 'request',
    id: 300,
    command: 'EXECUTE_TASK',
    to: '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB',
    params: { assignment: { job_id: 'j-7m2k9x04tqhe', item: 0, run_timeout_ms: 1_800_000 } },
    bulk: new TextEncoder().encode('{"engine":"builtin"}')
  },
  'request, least': {
    kind: 'request',
    id: 1,
    command: 'LIST_FILES',
    to: null,
    params: {},
    bulk: null
  },
  'response, result': {
    kind: 'response',
    id: 70_000,
    error: null,
    result: { logs: 'é', usage: { wall_ms: 0.25 } },
    bulk: new TextEncoder().encode('[1,2]')
  },
  'response, error': {
    kind: 'response',
    id: 2 ** 33,
    error: {
      code: 'WORKER_BUSY',
      message: 'all 4 slots are taken',
      path: 'task',
      hint: 'later',
      blame: 'router',
      retryable: true
    },
    result: null,
    bulk: null
  },
  cancel: { kind: 'cancel', id: 7 },
  'beat, load': { kind: 'beat', number: 3, load: LOAD },
  'beat, no load': { kind: 'beat', number: 24, load: null },
  echo: { kind: 'echo', number: 3, load: null },
  goodbye: { kind: 'goodbye', code: 'STOPPING', message: 'this node is stopping' }
}

/** A frame with its bulk as hex text, so that frames can be compared as JSON. */
export function readableFrame(frame: Frame): object {
  if (!('bulk' in frame) || frame.bulk === null) return { ...frame }
  return { ...frame, bulk: Buffer.from(frame.bulk).toString('hex') }
}
