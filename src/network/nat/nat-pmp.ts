/** Ports of a gateway by NAT-PMP (RFC 6886): a packet there, a packet back. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { MeshError } from '../../core/errors.ts'
import { unlessAborted } from '../../core/abort.ts'
import { LEASE_SECONDS } from './gateway.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Gateway, Lease, PortRequest } from './gateway.ts'
import type { Socket } from 'node:dgram'

const PORT = 5_351
const OPCODES = { address: 0, udp: 1, tcp: 2 } as const
/** An answer has the number of its request and this. */
const ANSWER = 128
/** Each request is sent again after a pause that doubles; RFC 6886 goes on for a minute, people do not wait so long. */
const PAUSES_MS = [250, 500, 1_000, 2_000]
const REASONS = ['', 'another version', 'not allowed', 'no network', 'no ports left', 'unknown']

interface Answer {
  bytes: Buffer
  /** This machine's address, as the gateway sees it. */
  ownHost: string
}

/** @throws where nobody at that address speaks NAT-PMP */
export async function natPmpGateway(
  host: string,
  options: AbortOptions & { port?: number } = {}
): Promise<Gateway> {
  const { port = PORT, ...aborts } = options
  const at = { host, port }
  const { bytes, ownHost } = await ask(at, request(OPCODES.address), aborts)
  let externalHost = addressIn(bytes)
  return {
    kind: 'NAT-PMP',
    internalHost: ownHost,
    async map(wanted, mapOptions = {}) {
      // Whoever got another line meanwhile has another address.
      externalHost = addressIn((await ask(at, request(OPCODES.address), mapOptions)).bytes)
      const answer = await ask(at, mapRequest(wanted, LEASE_SECONDS), mapOptions)
      return leaseOf(answer, wanted, externalHost)
    },
    async unmap({ internal, protocol }, mapOptions = {}) {
      const gone = { protocol, internalPort: internal.port, externalPort: 0 }
      await ask(at, mapRequest(gone, 0), mapOptions)
    }
  }
}

function request(opcode: number): Buffer {
  return Buffer.from([0, opcode])
}

function mapRequest(
  { externalPort, internalPort, protocol }: PortRequest,
  seconds: number
): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(OPCODES[protocol], 1)
  bytes.writeUInt16BE(internalPort, 4)
  bytes.writeUInt16BE(externalPort, 6)
  bytes.writeUInt32BE(seconds, 8)
  return bytes
}

function addressIn(bytes: Buffer): string {
  return [...bytes.subarray(8, 12)].join('.')
}

/** @throws MeshError where it names no port, or gives it for no time */
function leaseOf(
  { bytes, ownHost }: Answer,
  { internalPort, protocol }: PortRequest,
  externalHost: string
): Lease {
  if (bytes.readUInt16BE(10) === 0 || bytes.readUInt32BE(12) === 0) {
    throw new MeshError('PEER_UNREACHABLE', 'the gateway gives no port')
  }
  return {
    protocol,
    internal: { host: ownHost, port: internalPort },
    external: { host: externalHost, port: bytes.readUInt16BE(10) },
    lifetimeMs: bytes.readUInt32BE(12) * 1_000
  }
}

async function ask(
  at: { host: string; port: number },
  message: Buffer,
  options: AbortOptions
): Promise<Answer> {
  const socket = createSocket('udp4')
  try {
    // Connected, it hears of the gateway alone, and at once where nobody listens there.
    socket.connect(at.port, at.host)
    await unlessAborted(once(socket, 'connect'), options)
    const bytes = await answerTo(socket, message, options)
    return { bytes, ownHost: socket.address().address }
  } finally {
    socket.close()
  }
}

async function answerTo(socket: Socket, message: Buffer, options: AbortOptions): Promise<Buffer> {
  const { promise, reject, resolve } = Promise.withResolvers<Buffer>()
  socket.on('error', reject)
  socket.on('message', (bytes: Buffer) => {
    try {
      if (isAnswerTo(message, bytes)) resolve(bytes)
    } catch (cause) {
      reject(cause)
    }
  })
  for (const pauseMs of PAUSES_MS) {
    socket.send(message)
    const signal = AbortSignal.any([AbortSignal.timeout(pauseMs), ...given(options)])
    const answer = await unlessAborted(promise, { signal }).catch((cause: unknown) => {
      if (!signal.aborted || options.signal?.aborted === true) throw cause
    })
    if (answer !== undefined) return answer
  }
  throw new MeshError('RESPONSE_TIMED_OUT', 'the gateway does not answer')
}

/**
 * Whether a packet is what a request waits for, and complete.
 * @throws MeshError where it says no
 */
export function isAnswerTo(message: Buffer, bytes: Buffer): boolean {
  const opcode = message.readUInt8(1)
  // Who does not know the version or the number of a request may answer with these four bytes alone.
  if (bytes.byteLength < 4) return false
  const isWhole = bytes.byteLength >= (opcode === OPCODES.address ? 12 : 16)
  if (isWhole && bytes.readUInt8(1) !== opcode + ANSWER) return false
  if (bytes.readUInt16BE(2) !== 0) throw refusal(bytes)
  if (!isWhole) return false
  return opcode === OPCODES.address || bytes.readUInt16BE(8) === message.readUInt16BE(4)
}

function given({ signal }: AbortOptions): AbortSignal[] {
  return signal === undefined ? [] : [signal]
}

function refusal(bytes: Buffer): MeshError {
  const code = bytes.readUInt16BE(2)
  return new MeshError('PEER_UNREACHABLE', `the gateway refuses: ${REASONS[code] ?? code}`)
}
