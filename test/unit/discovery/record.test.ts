/** The signed capability record: only what its worker said, byte for byte, is ever believed. */
import { Encoder } from 'cbor-x'
import { RecordEnvelope } from '@libp2p/peer-record'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeAll, describe, expect, it } from 'vitest'
import { CAPABILITY_RECORD_CODEC, CAPABILITY_RECORD_DOMAIN } from '../../../src/protocol/ids.ts'
import { RECORD_BYTES_MAX, openRecord, sealRecord } from '../../../src/discovery/record.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { CapabilityRecord } from '../../../src/discovery/record.ts'

let key: PrivateKey
let record: CapabilityRecord
let sealed: Uint8Array

beforeAll(async () => {
  key = await temporaryIdentity()
  record = recordOf(peerIdFromPrivateKey(key).toString())
  sealed = await sealRecord(record, key)
})

async function seal(payload: Uint8Array, domain = CAPABILITY_RECORD_DOMAIN): Promise<Uint8Array> {
  const codec = new TextEncoder().encode(CAPABILITY_RECORD_CODEC)
  const content = { domain, codec, marshal: () => payload, equals: () => false }
  return (await RecordEnvelope.seal(content, key)).marshal()
}

async function codeOf(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await openRecord(bytes)
    return undefined
  } catch (cause) {
    return (cause as { code?: string }).code ?? String(cause)
  }
}

describe('a sealed record', () => {
  it('opens to what was sealed', async () => {
    expect(await openRecord(sealed)).toEqual(record)
  })

  it('with any one byte changed is refused', async () => {
    for (let index = 0; index < sealed.byteLength; index += 1) {
      const tampered = Uint8Array.from(sealed)
      tampered[index] = (tampered[index] as number) ^ 0x01
      const opened = await openRecord(tampered).catch((cause: unknown) => cause)
      // Some bytes of the envelope are not under the signature; changed, it must mean the same still.
      const isRefused = opened instanceof MeshError
      expect(isRefused ? undefined : opened).toEqual(isRefused ? undefined : record)
    }
  })

  it('cut short anywhere is refused', async () => {
    for (let length = 0; length < sealed.byteLength; length += 1) {
      expect(await codeOf(sealed.subarray(0, length))).toMatch(/FIELD_|FROM_|FRAME_/)
    }
  })

  it('of another peer is refused, however well it is signed', async () => {
    const other = await temporaryIdentity()
    expect(await codeOf(await sealRecord(record, other))).toBe('FROM_MISMATCH')
  })

  it('signed for another purpose is refused', async () => {
    const payload = new Encoder({ useRecords: false }).encode(record)
    expect(await codeOf(await seal(payload, 'libp2p-peer-record'))).toBe('FROM_MISMATCH')
    expect(await codeOf(await seal(payload))).toBeUndefined()
  })

  it('that does not fit the schema is refused', async () => {
    const changes: [object, string][] = [
      [{ version: 2 }, 'FIELD_INVALID'],
      [{ namespace: '../etc' }, 'FIELD_INVALID'],
      [{ seq: -1 }, 'FIELD_INVALID'],
      [{ seq: Number.NaN }, 'FIELD_INVALID'],
      [{ slots: 0 }, 'FIELD_INVALID'],
      [{ addresses: Array.from({ length: 33 }, () => '/ip4/1.2.3.4/tcp/1') }, 'FIELD_INVALID'],
      [{ extra: 1 }, 'FIELD_UNKNOWN'],
      [{ peer_id: undefined }, 'FIELD_MISSING']
    ]
    for (const [change, code] of changes) {
      const bytes = await sealRecord({ ...record, ...change }, key)
      expect({ change, code: await codeOf(bytes) }).toEqual({ change, code })
    }
  })

  it('whose payload is no plain CBOR is refused', async () => {
    for (const payload of [[], [0xff], [0xc1, 0x00], [0x9f, 0xff], [0x9b, 255, 255, 255, 255]]) {
      expect(await codeOf(await seal(Uint8Array.from(payload)))).toBe('FIELD_INVALID')
    }
  })

  it('that is too long is refused before anything else', async () => {
    expect(await codeOf(new Uint8Array(RECORD_BYTES_MAX + 1))).toBe('REQUEST_TOO_LARGE')
  })
})
