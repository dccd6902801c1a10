/**
 * Asks a relay for a place and says what it answered, limits among it, which libp2p keeps to itself. Who only wants to
 * know does not renew the place: the relay takes it back within the hour
 * (https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md).
 */
import { RELAY_V2_HOP_CODEC as HOP_PROTOCOL } from '@libp2p/circuit-relay-v2'
import { lpStream } from '@libp2p/utils'
import type { AbortOptions } from '../../core/abort.ts'
import type { Connection } from '@libp2p/interface'

export interface RelayAnswer {
  /** Undefined: the place was given. */
  refusal: 'full' | 'forbidden' | 'refused' | undefined
  /** Of each connection through it; undefined: none. */
  limits: { dataBytes: number | undefined; durationMs: number | undefined }
}

/** A `HopMessage` with nothing but its type: RESERVE. */
const RESERVE = Uint8Array.of(0x08, 0x00)
/** With all its addresses an answer has a few hundred. */
const ANSWER_BYTES_MAX = 8_192
/** Numbers of fields, as the specification has them. */
const HOP = { limit: 4, status: 5 }
const LIMIT = { duration: 1, data: 2 }
const STATUS_OK = 100
const REFUSALS: ReadonlyMap<number | undefined, RelayAnswer['refusal']> = new Map([
  [201, 'full'],
  [202, 'forbidden']
] as const)

export async function askForPlace(
  connection: Connection,
  options: AbortOptions
): Promise<RelayAnswer> {
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const stream = await connection.newStream(HOP_PROTOCOL, signal)
  try {
    const messages = lpStream(stream, { maxDataLength: ANSWER_BYTES_MAX })
    await messages.write(RESERVE, signal)
    return readAnswer((await messages.read(signal)).subarray())
  } finally {
    stream.abort(new Error('it has said what was asked'))
  }
}

/** @throws RangeError where it is no such message */
export function readAnswer(message: Uint8Array): RelayAnswer {
  const fields = readFields(message)
  const status = numberIn(fields, HOP.status)
  const limit = fields.get(HOP.limit)
  const limits = limit instanceof Uint8Array ? readFields(limit) : new Map()
  return {
    refusal: status === STATUS_OK ? undefined : (REFUSALS.get(status) ?? 'refused'),
    limits: {
      dataBytes: bounded(numberIn(limits, LIMIT.data), Number.MAX_SAFE_INTEGER),
      // Relays by js-libp2p, and ours are, say milliseconds where the specification has seconds.
      durationMs: bounded(numberIn(limits, LIMIT.duration), NO_LIMIT_MS)
    }
  }
}

/** The longest that a timer waits: what `relayServer` gives for none. */
const NO_LIMIT_MS = 2 ** 31 - 1

function bounded(value: number | undefined, none: number): number | undefined {
  return value === undefined || value === 0 || value >= none ? undefined : value
}

type Fields = ReadonlyMap<number, number | Uint8Array>

function numberIn(fields: Fields, field: number): number | undefined {
  const value = fields.get(field)
  return typeof value === 'number' ? value : undefined
}

/** The fields of a protocol buffer that are numbers or have a length; there are no others here. */
function readFields(message: Uint8Array): Fields {
  const fields = new Map<number, number | Uint8Array>()
  let at = 0
  const readNumber = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]
      if (byte === undefined || shift > 63) throw new RangeError('it is cut short')
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.byteLength) {
    const tag = readNumber()
    const value = readNumber()
    if ((tag & 7) === 0) {
      fields.set(tag >>> 3, value)
    } else if ((tag & 7) === 2 && at + value <= message.byteLength) {
      fields.set(tag >>> 3, message.subarray(at, at + value))
      at += value
    } else {
      throw new RangeError('it has fields of another kind')
    }
  }
  return fields
}
