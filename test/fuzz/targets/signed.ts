/**
 * What somebody has signed. As bytes alone hardly any change of it gets past the signature, so each is fuzzed twice: as it
 * travels, and as a stranger's own document, validly signed by that stranger.
 */
import { canonicalJson } from '../../../src/core/json.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { openExperience, sealExperience } from '../../../src/discovery/experience.ts'
import { FILE_PRESENCE, WORKER_PRESENCE } from '../../../src/discovery/presence-kind.ts'
import { openRecord, sealRecord } from '../../../src/discovery/record.ts'
import { CAPABILITY_RECORD_CODEC, CAPABILITY_RECORD_DOMAIN } from '../../../src/protocol/ids.ts'
import { encodePlainCbor } from '../../../src/protocol/plain-cbor.ts'
import { ORDER_KIND, openOrder, orderBytes } from '../../../src/receipts/order.ts'
import { RECEIPT_KIND, openReceipt, receiptBytes } from '../../../src/receipts/receipt.ts'
import { openProof } from '../../../src/receipts/proof.ts'
import { readProofs, writeProofs } from '../../../src/receipts/proof-file.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import { buildProof } from '../../support/build-proof.ts'
import {
  JSON_REFUSALS,
  SCHEMA_REFUSALS,
  bytesOf,
  exampleBytes,
  examplesOf,
  expectPlain,
  textOf,
  utf8
} from '../target.ts'
import type { CapabilityRecord } from '../../../src/discovery/record.ts'
import type { RouterExperience } from '../../../src/discovery/experience.ts'
import type { FuzzTarget } from '../target.ts'

const ENVELOPE_REFUSALS = [
  'RECEIPT_INVALID',
  'REQUEST_TOO_LARGE',
  'FROM_MISMATCH',
  ...SCHEMA_REFUSALS
] as const

const key = await generateKeyPair('Ed25519')
const signer = signerOf(key)

/** Seals whatever bytes there are as if they were a document of that kind, as libp2p itself does. */
async function seal(
  payload: Uint8Array,
  { domain, payloadType }: { domain: string; payloadType: string }
): Promise<Uint8Array> {
  const record = { domain, codec: utf8(payloadType), marshal: () => payload, equals: () => false }
  return (await RecordEnvelope.seal(record, key)).marshal()
}

const capabilityRecord: FuzzTarget = {
  name: 'record',
  form: 'bytes',
  seeds: async () => [await sealRecord(ownRecord(), key)],
  read: openRecord,
  refusals: ['REQUEST_TOO_LARGE', 'FROM_MISMATCH', ...SCHEMA_REFUSALS]
}

const signedRecord: FuzzTarget = {
  name: 'record-signed',
  form: 'cbor',
  seeds: () => [encodePlainCbor(ownRecord())],
  read: async (input) => {
    const kind = { domain: CAPABILITY_RECORD_DOMAIN, payloadType: CAPABILITY_RECORD_CODEC }
    expectPlain(await openRecord(await seal(input, kind)))
  },
  refusals: capabilityRecord.refusals
}

function ownRecord(): CapabilityRecord {
  const [example] = examplesOf('capability-record')
  return { ...(example as CapabilityRecord), peer_id: signer.peer }
}

const order: FuzzTarget = {
  name: 'order',
  form: 'bytes',
  seeds: async () => [orderBytes((await buildProof({ router: signer })).order)],
  read: openOrder,
  refusals: ENVELOPE_REFUSALS
}

const signedOrder: FuzzTarget = {
  name: 'order-signed',
  form: 'json',
  seeds: async () => {
    const { order: base64 } = await buildProof({ router: signer })
    return [bytesOf((await openOrder(orderBytes(base64))).document)]
  },
  read: async (input) => expectPlain(await openOrder(await seal(input, ORDER_KIND))),
  refusals: ENVELOPE_REFUSALS
}

const receipt: FuzzTarget = {
  name: 'receipt',
  form: 'bytes',
  seeds: async () => [receiptBytes((await buildProof({ worker: signer })).receipt)],
  read: openReceipt,
  refusals: ENVELOPE_REFUSALS
}

const signedReceipt: FuzzTarget = {
  name: 'receipt-signed',
  form: 'json',
  seeds: async () => {
    const own = await buildProof({ worker: signer })
    return [
      bytesOf(own.document),
      ...examplesOf('receipt').map((example) =>
        utf8(canonicalJson({ ...(example as object), worker: signer.peer }))
      )
    ]
  },
  read: async (input) => expectPlain(await openReceipt(await seal(input, RECEIPT_KIND))),
  refusals: ENVELOPE_REFUSALS
}

const proofs: FuzzTarget = {
  name: 'proofs',
  form: 'json',
  seeds: async () => {
    const [one, two] = [await buildProof(), await buildProof()]
    return [
      writeProofs([one]),
      writeProofs([one, two]),
      writeProofs([{ receipt: two.receipt }])
    ].map(utf8)
  },
  read: async (input) => {
    for (const proof of readProofs(textOf(input)).slice(0, 4)) {
      // One after the other: the first that is wrong ends it.
      // oxlint-disable-next-line no-await-in-loop
      await openProof(proof)
    }
  },
  refusals: [...ENVELOPE_REFUSALS, 'REQUEST_TOO_DEEP']
}

const experience: FuzzTarget = {
  name: 'experience',
  form: 'json',
  seeds: () =>
    examplesOf('experience').map((example) =>
      utf8(canonicalJson({ ...(example as object), router: signer.peer }))
    ),
  read: async (input) => {
    const kind = { domain: 'taskmesh-experience', payloadType: '/taskmesh/experience/1' }
    const bytes = await seal(input, kind)
    expectPlain(await openExperience(Buffer.from(bytes).toString('base64')))
  },
  refusals: ENVELOPE_REFUSALS
}

const experienceBytes: FuzzTarget = {
  name: 'experience-bytes',
  form: 'text',
  seeds: async () => {
    const [example] = examplesOf('experience') as RouterExperience[]
    return example === undefined ? [] : [utf8(await sealExperience(example, signer))]
  },
  read: async (input) => await openExperience(textOf(input)),
  refusals: ENVELOPE_REFUSALS
}

const filePresence: FuzzTarget = {
  name: 'file-presence',
  form: 'json',
  seeds: () => exampleBytes('file-presence'),
  read: async (input) => {
    // The gate measures before it opens.
    if (input.byteLength > FILE_PRESENCE.bytesMax) return
    expectPlain(await FILE_PRESENCE.open(input))
  },
  refusals: [...JSON_REFUSALS, ...SCHEMA_REFUSALS]
}

const workerBeat: FuzzTarget = {
  name: 'worker-beat',
  form: 'json',
  seeds: () => exampleBytes('worker-beat'),
  read: async (input) => {
    // What begins otherwise is a signed record.
    if (input[0] === 0x7b) expectPlain(await WORKER_PRESENCE.open(input))
  },
  refusals: [...JSON_REFUSALS, ...SCHEMA_REFUSALS, 'REQUEST_TOO_LARGE']
}

export const SIGNED_TARGETS: readonly FuzzTarget[] = [
  capabilityRecord,
  signedRecord,
  order,
  signedOrder,
  receipt,
  signedReceipt,
  proofs,
  experience,
  experienceBytes,
  filePresence,
  workerBeat
]
