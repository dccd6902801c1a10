/** CBOR as it travels: plain values alone. A stranger's is seen to be that before anything decodes it. */
import { Encoder } from 'cbor-x'
import { MeshError, messageOf } from '../core/errors.ts'
import { assertPlainCbor } from './cbor-guard.ts'

const cbor = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false })

export function encodePlainCbor(value: unknown): Uint8Array {
  return cbor.encode(value)
}

/** @param what it should be, such as `a frame` @throws MeshError FRAME_INVALID */
export function decodePlainCbor(payload: Uint8Array, what: string): unknown {
  try {
    assertPlainCbor(payload)
    return cbor.decode(payload)
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    throw new MeshError('FRAME_INVALID', `${what} is not CBOR: ${messageOf(cause)}`, { cause })
  }
}
