/**
 * A peer of libp2p's transports alone: TCP, noise and yamux, without a single service and with no manners. It
 * opens streams and writes bytes; whatever comes back is counted.
 */
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createLibp2p } from 'libp2p'
import { multiaddr } from '@multiformats/multiaddr'
import { generateKeyPair, privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { COMMAND_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import { utf8 } from './bytes.ts'
import type {
  Connection,
  Libp2p,
  MessageStream,
  PrivateKey,
  Stream,
  StreamMuxerFactory
} from '@libp2p/interface'
import type { Identity, Target } from './attack.ts'
import type { Tally } from './tally.ts'

const DIAL_MS = 10_000
const ANSWER_MS = 8_000
const ANSWER_BYTES_MAX = 4 * 1_024 * 1_024
const MEBIBYTE = 1_024 * 1_024

interface RawEnvelope extends Record<string, unknown> {
  timestamp: number
}

interface Muxed {
  muxer: { createStream: (init?: object) => Promise<Stream> }
}

export class RawPeer {
  readonly libp2p: Libp2p
  readonly key: PrivateKey
  readonly #tally: Tally
  /** Encrypted, below the muxer; the newest last. */
  readonly #channels: MessageStream[]
  readonly #certificate: string | undefined
  readonly #connections = new Map<string, Promise<Connection>>()

  private constructor(
    parts: { libp2p: Libp2p; key: PrivateKey; channels: MessageStream[] },
    tally: Tally,
    certificate: string | undefined
  ) {
    this.libp2p = parts.libp2p
    this.key = parts.key
    this.#channels = parts.channels
    this.#tally = tally
    this.#certificate = certificate
  }

  /** @param identity with its certificate; without, a new peer that has none */
  static async create(
    tally: Tally,
    {
      identity,
      listens = false,
      localAddress = '127.0.0.1'
    }: { identity?: Identity | undefined; listens?: boolean; localAddress?: string } = {}
  ): Promise<RawPeer> {
    const key =
      identity === undefined
        ? await generateKeyPair('Ed25519')
        : privateKeyFromProtobuf(Buffer.from(identity.key, 'base64'))
    const channels: MessageStream[] = []
    const libp2p = await createLibp2p({
      privateKey: key,
      addresses: { listen: listens ? ['/ip4/127.0.0.1/tcp/0'] : [] },
      // Its types name some of what a socket takes.
      transports: [tcp({ dialOpts: { localAddress } as object })],
      connectionEncrypters: [noise()],
      streamMuxers: [bareMuxer(channels)],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionMonitor: { enabled: false }
    })
    return new RawPeer({ libp2p, key, channels }, tally, identity?.certificate)
  }

  get peer(): string {
    return this.libp2p.peerId.toString()
  }

  /** A new connection beside those that are there. */
  async dial({ address }: Target): Promise<Connection> {
    const signal = AbortSignal.timeout(DIAL_MS)
    return await this.libp2p.dial(multiaddr(address), { force: true, signal })
  }

  /** The one connection; made again where it was ended. A member shows its certificate on it first. */
  async connection(target: Target): Promise<Connection> {
    const known = this.#connections.get(target.peer)
    if (known !== undefined && (await known).status === 'open') return await known
    if (known !== undefined) this.#tally.got('connection ended')
    const connecting = this.#enter(target)
    this.#connections.set(target.peer, connecting)
    connecting.catch(() => this.#connections.delete(target.peer))
    return await connecting
  }

  async open(target: Target, protocol: string): Promise<Stream> {
    const connection = await this.connection(target)
    return await this.#openOn(connection, protocol)
  }

  /** A stream that has not said what it is for. */
  async openBare(target: Target): Promise<Stream> {
    const connection = await this.connection(target)
    return await (connection as Connection & Muxed).muxer.createStream({})
  }

  /** Past the muxer, whose rules it then breaks. */
  sendBelowMuxer(bytes: Uint8Array): void {
    const channel = this.#channels.at(-1)
    if (channel?.status !== 'open') return
    this.#tally.sent(bytes.byteLength)
    channel.send(bytes)
  }

  /** In pieces that a muxer takes; what does not go out because nobody reads is dropped. */
  async send(stream: Stream, bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.byteLength; offset += MEBIBYTE) {
      if (stream.status !== 'open' || stream.writeStatus !== 'writable') return
      const part = bytes.subarray(offset, offset + MEBIBYTE)
      this.#tally.sent(part.byteLength)
      // oxlint-disable-next-line no-await-in-loop
      if (!stream.send(part)) await drained(stream)
    }
  }

  /** Opens a stream, sends, ends its side, and reads what comes until the end. */
  async exchange(target: Target, protocol: string, bytes: Uint8Array): Promise<string> {
    const stream = await this.open(target, protocol)
    const reading = readAnswer(stream)
    await this.send(stream, bytes)
    await Promise.race([stream.close().catch(() => {}), reading])
    const answer = await reading
    if (stream.status === 'open') stream.abort(new Error('enough'))
    return answer
  }

  /** One command of the JSON binding; its answer's code is counted. */
  async command(
    target: Target,
    command: string,
    params: unknown,
    envelope: Record<string, unknown> = {}
  ): Promise<void> {
    await this.commandText(target, JSON.stringify(this.envelope(command, params, envelope)))
  }

  async commandText(target: Target, text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? utf8(text) : text
    const answer = await this.exchange(target, COMMAND_PROTOCOL_V1, bytes)
    this.#tally.got(codeOf(answer))
  }

  envelope(command: string, params: unknown, rest: Record<string, unknown> = {}): RawEnvelope {
    const timestamp = Math.floor(Date.now() / 1_000)
    return { command, request_id: '1', from: this.peer, timestamp, params, ...rest }
  }

  async stop(): Promise<void> {
    await this.libp2p.stop()
  }

  async #enter(target: Target): Promise<Connection> {
    const connection = await this.dial(target)
    if (this.#certificate === undefined) return connection
    const stream = await this.#openOn(connection, COMMAND_PROTOCOL_V1)
    const reading = readAnswer(stream)
    const request = this.envelope('INTRODUCE', { certificate: this.#certificate })
    await this.send(stream, utf8(JSON.stringify(request)))
    await stream.close()
    const code = codeOf(await reading)
    if (code !== 'success') this.#tally.got(`introduction: ${code}`)
    return connection
  }

  async #openOn(connection: Connection, protocol: string): Promise<Stream> {
    const signal = AbortSignal.timeout(DIAL_MS)
    return await connection.newStream(protocol, { signal, maxOutboundStreams: 100_000 })
  }
}

/** Yamux, which also shows what it writes to. */
function bareMuxer(channels: MessageStream[]): () => StreamMuxerFactory {
  const create = yamux({ maxInboundStreams: 4_096, maxOutboundStreams: 100_000 })
  return () => {
    const inner = create()
    return {
      protocol: inner.protocol,
      createStreamMuxer: (channel) => {
        channels.push(channel)
        return inner.createStreamMuxer(channel)
      }
    }
  }
}

/** What comes until the end, or until there is enough of it or of the time. */
export async function readAnswer(stream: Stream, timeoutMs: number = ANSWER_MS): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs)
    const finish = (): void => {
      clearTimeout(timer)
      resolve()
    }
    stream.addEventListener('message', ({ data }) => {
      bytes += data.byteLength
      if (bytes <= ANSWER_BYTES_MAX) parts.push(data.subarray())
      else finish()
    })
    stream.addEventListener('remoteCloseWrite', finish)
    stream.addEventListener('close', finish)
  })
  if (bytes === 0) return stream.status === 'reset' ? 'stream reset' : 'no answer'
  return Buffer.concat(parts).toString()
}

function codeOf(answer: string): string {
  try {
    const { error_detail: detail, status } = JSON.parse(answer) as {
      status?: string
      error_detail?: { code?: string }
    }
    return detail?.code ?? status ?? 'answer'
  } catch {
    return answer.length < 20 ? answer : 'answer'
  }
}

async function drained(stream: Stream): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS)
    const finish = (): void => {
      clearTimeout(timer)
      resolve()
    }
    stream.addEventListener('drain', finish, { once: true })
    stream.addEventListener('close', finish, { once: true })
  })
}
