/** The other end of a session, played by hand: sends any bytes, notes the frames that come. */
import { SESSION_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames.ts'
import { until } from './spawn-mesh.ts'
import type { Frame } from '../../src/protocol/frames.ts'
import type { SpawnedNode } from './spawn-mesh.ts'
import type { Stream } from '@libp2p/interface'

export const HELLO: Frame = { kind: 'hello', version: 1, agent: 'raw' }

export class RawSession {
  readonly stream: Stream
  readonly frames: Frame[] = []

  constructor(stream: Stream) {
    const reader = new FrameReader()
    this.stream = stream
    stream.addEventListener('message', ({ data }) => {
      for (const payload of reader.push(data)) this.frames.push(decodeFrame(payload))
    })
  }

  static async open(from: SpawnedNode, to: SpawnedNode): Promise<RawSession> {
    return new RawSession(await from.node.openStream(to.peer, SESSION_PROTOCOL_V1))
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.sendBytes(encodeFrame(frame))
  }

  sendBytes(bytes: Uint8Array): void {
    this.stream.send(bytes)
  }

  /** The first frame of a kind, once it is there. */
  async next<K extends Frame['kind']>(kind: K): Promise<Frame & { kind: K }> {
    const find = (): Frame | undefined => this.frames.find((frame) => frame.kind === kind)
    await until(() => find() !== undefined || this.isEnded)
    const frame = find()
    if (frame === undefined) throw new Error(`the session ended without a ${kind}`)
    return frame as Frame & { kind: K }
  }

  get isEnded(): boolean {
    return this.stream.readableEnded || this.stream.status !== 'open'
  }

  /** How the other end said goodbye, once it has ended the session. */
  async goodbyeCode(): Promise<string | undefined> {
    await until(() => this.isEnded)
    const goodbye = this.frames.find((frame) => frame.kind === 'goodbye')
    await this.stream.close().catch(() => {})
    return goodbye?.code
  }
}
