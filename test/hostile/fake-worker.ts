/**
 * What a router takes for a worker: it shows its certificate, opens sessions, says what it has. What it does with
 * tasks is the attack's business.
 */
import { COMMAND_PROTOCOL_V1, SESSION_PROTOCOL_V1, presenceTopic } from '../../src/protocol/ids.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames.ts'
import { frame, prefixed, utf8 } from './bytes.ts'
import { readAnswer } from './raw-peer.ts'
import { exampleOf, publication, recordOf } from './presence.ts'
import type { CapabilityRecord } from '../../src/discovery/record.ts'
import type { Frame } from '../../src/protocol/frames.ts'
import type { RawPeer } from './raw-peer.ts'
import type { Stage } from './attack.ts'
import type { Stream } from '@libp2p/interface'

export interface ReceivedTask {
  /** Counts all that came. */
  count: number
  answer: (result: Record<string, unknown>) => void
  refuse: (code: string, message: string) => void
  /** Any bytes as a frame. */
  raw: (payload: Uint8Array) => void
  hangUp: () => void
}

type Respond = (rest: Pick<Frame & { kind: 'response' }, 'error' | 'result'>) => void

interface Asked {
  command: string
  request_id: string
  from: string
}

export type TaskAnswer = (task: ReceivedTask) => void

const GOSSIP_PROTOCOL = '/meshsub/1.2.0'
const CAPABILITIES = (exampleOf('commands/get-capabilities') as { result: Record<string, unknown> })
  .result
/** As large as an honest one: what a worker is given, it can spoil. */
const SIZE = { slots: 2, queue_slots: 0 }
const LOAD = { ...(CAPABILITIES['load'] as object), running: 0, queued: 0, ...SIZE }

export class FakeWorker {
  readonly #peer: RawPeer
  readonly #answer: TaskAnswer
  readonly #stage: Stage
  #count = 0

  private constructor(peer: RawPeer, stage: Stage, answer: TaskAnswer) {
    this.#peer = peer
    this.#stage = stage
    this.#answer = answer
  }

  static async start(stage: Stage, answer: TaskAnswer): Promise<FakeWorker> {
    const peer = await stage.member()
    const worker = new FakeWorker(peer, stage, answer)
    const { certificate } = stage.identity
    await peer.libp2p.handle(COMMAND_PROTOCOL_V1, async (stream) => {
      const { command, from: to, request_id } = JSON.parse(await readAnswer(stream)) as Asked
      stage.tally.got(`asked ${command}`)
      const { timestamp } = peer.envelope(command, {})
      const head = { command, request_id, from: peer.peer, to, timestamp }
      stream.send(utf8(JSON.stringify({ ...head, status: 'success', result: { certificate } })))
      await stream.close()
    })
    await peer.libp2p.handle(SESSION_PROTOCOL_V1, (stream) => worker.#serve(stream))
    return worker
  }

  async publish({ target }: Stage): Promise<void> {
    const { namespace } = this.#stage
    const data = await this.#record()
    const stream = await this.#peer.open(target, GOSSIP_PROTOCOL)
    this.#stage.hold(() => stream.abort(new Error('enough')))
    const rpc = await publication(this.#peer.key, { topic: presenceTopic(namespace), data })
    await this.#peer.send(stream, prefixed(rpc))
  }

  async #record(): Promise<Uint8Array> {
    const { identity, namespace } = this.#stage
    const record: Partial<CapabilityRecord> = {
      namespace,
      seq: Date.now(),
      ...SIZE,
      engines: ['builtin', 'javascript'],
      addresses: this.#peer.libp2p.getMultiaddrs().map(String),
      certificate: identity.certificate
    }
    return await recordOf(this.#peer.key, record)
  }

  async #describe(respond: Respond): Promise<void> {
    const record = Buffer.from(await this.#record()).toString('base64')
    respond({ error: null, result: { ...CAPABILITIES, load: LOAD, record } })
  }

  #serve(stream: Stream): void {
    const reader = new FrameReader()
    const send = (reply: Frame): void => {
      if (stream.status === 'open') stream.send(encodeFrame(reply))
    }
    send({ kind: 'hello', version: 1, agent: 'hostile' })
    stream.addEventListener('message', ({ data }) => {
      for (const payload of reader.push(data)) this.#onFrame(decodeFrame(payload), stream, send)
    })
  }

  #onFrame(received: Frame, stream: Stream, send: (reply: Frame) => void): void {
    if (received.kind === 'beat') send({ kind: 'echo', number: received.number, load: LOAD })
    if (received.kind !== 'request') return
    const { command, id } = received
    this.#stage.tally.got(`asked ${command}`)
    const respond: Respond = (rest) => send({ kind: 'response', id, bulk: null, ...rest })
    if (command === 'GET_CAPABILITIES') {
      void this.#describe(respond)
    } else if (command === 'EXECUTE_TASK') {
      this.#count += 1
      this.#answer({
        count: this.#count,
        answer: (result) => respond({ error: null, result }),
        refuse: (code, message) => respond({ error: { code, message } as never, result: null }),
        raw: (payload) => void stream.send(frame(payload)),
        hangUp: () => stream.abort(new Error('no more'))
      })
    }
  }
}
