import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { batchedEncryption } from '../../../src/network/wire/batched-encryption.ts'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

/** A stream whose other end takes nothing. */
class StuckStream extends EventTarget {
  writeStatus = 'writable'
  writableNeedsDrain = true
  writeBufferLength = 0
  aborted: unknown

  readonly send = (): boolean => false

  readonly close = async (): Promise<void> => {}

  abort(error: unknown): void {
    this.aborted = error
    this.writeStatus = 'closed'
  }
}

test('what nobody reads waits up to a bound, and then the connection ends', async () => {
  const stream = new StuckStream()
  const inner = {
    protocol: '/none',
    secureOutbound: async () => ({ connection: stream })
  } as unknown as ConnectionEncrypter
  const encrypter = batchedEncryption(() => inner)(undefined)
  await encrypter.secureOutbound(stream as unknown as MessageStream)
  // The muxer's answers to pings, which no stream holds back.
  const send = stream.send as (data: Uint8Array) => boolean
  const part = new Uint8Array(1_024)
  for (let bytes = 0; bytes < LIMITS.connectionWriteBytesMax; bytes += part.byteLength) send(part)
  expect(stream.aborted).toBeUndefined()
  send(part)
  expect(stream.aborted).toMatchObject({ code: 'SESSION_CONGESTED' })
})
