/** Below libp2p: sockets that say nothing, too little, too slowly, or rubbish. */
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { concat, prefixed, utf8 } from '../bytes.ts'
import type { Attack, Stage } from '../attack.ts'
import type { Socket } from 'node:net'

const BYTE_MS = 1_000
const GARBAGE_BYTES = 65_536

/** As multistream-select writes a line. */
function line(text: string): Uint8Array {
  return prefixed(utf8(`${text}\n`))
}

function open({ hold, localAddress, tally, target }: Stage): Socket {
  const socket = connect({ port: target.port, host: '127.0.0.1', localAddress })
  socket.on('error', (cause) => tally.failed(cause))
  socket.on('close', () => tally.got('closed'))
  socket.on('data', () => tally.got('bytes'))
  hold(() => socket.destroy())
  return socket
}

function write(socket: Socket, { tally }: Stage, bytes: Uint8Array): void {
  tally.sent(bytes.byteLength)
  socket.write(bytes)
}

export const SOCKET_ATTACKS: readonly Attack[] = [
  {
    name: 'tcp-idle',
    who: 'stranger',
    what: 'connections that never say a word',
    perSecond: 100,
    heldMax: 2_000,
    step: async (stage) => void open(stage)
  },
  {
    name: 'tcp-slow',
    who: 'stranger',
    what: 'handshakes of a byte a second',
    perSecond: 20,
    heldMax: 300,
    step: async (stage) => {
      const socket = open(stage)
      const bytes = concat(line('/multistream/1.0.0'), line('/noise'), randomBytes(64))
      let index = 0
      const timer = setInterval(() => {
        if (socket.destroyed || index >= bytes.byteLength) return clearInterval(timer)
        write(socket, stage, bytes.subarray(index, (index += 1)))
      }, BYTE_MS)
      stage.signal.addEventListener('abort', () => clearInterval(timer))
    }
  },
  {
    name: 'noise-half',
    who: 'stranger',
    what: 'noise handshakes that stop half-way',
    perSecond: 50,
    heldMax: 1_000,
    step: async (stage) => {
      const key = randomBytes(32)
      const message = concat(Uint8Array.of(0, key.byteLength), key)
      write(open(stage), stage, concat(line('/multistream/1.0.0'), line('/noise'), message))
    }
  },
  {
    name: 'tcp-garbage',
    who: 'stranger',
    what: 'random bytes in place of a handshake, and lengths without end',
    perSecond: 20,
    step: async (stage) => {
      const isLong = stage.step % 2 === 0
      const head = isLong ? Buffer.alloc(64, 0xff) : line('/multistream/1.0.0')
      write(open(stage), stage, concat(head, randomBytes(GARBAGE_BYTES)))
    }
  },
  {
    name: 'connections-full',
    who: 'stranger',
    what: 'new peer ids without end, connected and silent',
    perSecond: 20,
    heldMax: 400,
    step: async (stage) => {
      const peer = await stage.stranger()
      const connection = await peer.dial(stage.target)
      stage.tally.got('connected')
      connection.addEventListener('close', () => stage.tally.got('connection ended'))
    }
  },
  {
    name: 'muxer-garbage',
    who: 'stranger',
    what: 'yamux frames that break its rules: windows, lengths, pings without end',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.stranger()
      await peer.connection(stage.target)
      const frames = [
        yamux({ type: 0, flags: 1, stream: 1_001, length: 0xff_ff_ff_ff }),
        yamux({ type: 1, flags: 0, stream: 9_999, length: 0xff_ff_ff_ff }),
        yamux({ type: 77, flags: 0xff_ff, stream: 1, length: 0 }),
        concat(
          ...Array.from({ length: 2_000 }, () => yamux({ type: 2, flags: 1, stream: 0, length: 7 }))
        ),
        concat(
          ...Array.from({ length: 2_000 }, (_, index) =>
            yamux({ type: 1, flags: 1, stream: 100_001 + 2 * index, length: 0 })
          )
        ),
        randomBytes(4_096)
      ]
      peer.sendBelowMuxer(frames[stage.step % frames.length] ?? new Uint8Array())
    }
  }
]

/** The head of a frame: version, type, flags, stream, length. */
function yamux(head: { type: number; flags: number; stream: number; length: number }): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(head.type, 1)
  bytes.writeUInt16BE(head.flags, 2)
  bytes.writeUInt32BE(head.stream, 4)
  bytes.writeUInt32BE(head.length, 8)
  return bytes
}
