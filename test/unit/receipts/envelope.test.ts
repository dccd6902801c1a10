import { expect, test } from 'vitest'
import { RecordEnvelope } from '@libp2p/peer-record'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ORDER_KIND, openOrder, orderBytes, sealOrder } from '../../../src/receipts/order.ts'
import {
  RECEIPT_KIND,
  openReceipt,
  receiptBytes,
  sealReceipt
} from '../../../src/receipts/receipt.ts'
import { sealEnvelope } from '../../../src/receipts/envelope.ts'
import { buildOrder, buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { canonicalJson } from '../../../src/core/json.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Receipt } from '../../../src/receipts/receipt.ts'

/** As libp2p's own code seals a payload in the place of a receipt. */
async function sealByLibp2p(payload: string, key: PrivateKey): Promise<Uint8Array> {
  const codec = new TextEncoder().encode(RECEIPT_KIND.payloadType)
  const marshal = (): Uint8Array => new TextEncoder().encode(payload)
  const record = { domain: RECEIPT_KIND.domain, codec, marshal, equals: () => false }
  return (await RecordEnvelope.seal(record, key)).marshal()
}

test('libp2p opens what is sealed here, and both make the same bytes', async () => {
  const key = await generateKeyPair('Ed25519')
  const signer = signerOf(key)
  expect(signer.peer).toBe(peerIdFromPrivateKey(key).toString())
  const { document } = await buildProof({ worker: signer })
  const ours = receiptBytes(await sealReceipt(document, signer))
  const theirs = await RecordEnvelope.openAndCertify(ours, RECEIPT_KIND.domain)
  expect(Buffer.from(theirs.marshal()).equals(ours)).toBe(true)
  expect(Buffer.from(theirs.payloadType).toString()).toBe(RECEIPT_KIND.payloadType)
  expect(Buffer.from(theirs.payload).toString()).toBe(canonicalJson(document))
  await expect(RecordEnvelope.openAndCertify(ours, ORDER_KIND.domain)).rejects.toThrow('signature')
})

test('what libp2p has sealed opens here', async () => {
  const { document } = await buildProof()
  const key = await generateKeyPair('Ed25519')
  const worker = peerIdFromPrivateKey(key).toString()
  const bytes = await sealByLibp2p(canonicalJson({ ...document, worker }), key)
  const opened = await openReceipt(bytes)
  expect(opened).toMatchObject({ signer: worker, document: { ...document, worker } })
})

test('a receipt and an order open as what they were made from', async () => {
  const { document, order, receipt, router, worker } = await buildProof()
  expect(await openReceipt(receiptBytes(receipt))).toMatchObject({ document, signer: worker.peer })
  expect(await openOrder(orderBytes(order))).toEqual({
    document: buildOrder(worker.peer, { router: router.peer }),
    signer: router.peer,
    hash: document.order.hash
  })
})

test('equal orders make equal bytes, so that one can be made again', async () => {
  const router = buildSigner()
  const order = buildOrder('12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB')
  expect(await sealOrder({ ...order }, router)).toEqual(await sealOrder({ ...order }, router))
})

test('an envelope with any byte changed, cut off or added does not open', async () => {
  const bytes = receiptBytes((await buildProof()).receipt)
  const changed = Array.from(bytes, (byte, at) => {
    const copy = Buffer.from(bytes)
    // The sign of the key's last byte too: each bit is somebody's.
    copy[at] = byte ^ (at % 2 === 0 ? 1 : 0x80)
    return copy
  })
  const cut = [0, 1, 40, bytes.length - 1].map((length) => bytes.subarray(0, length))
  const longer = Buffer.concat([bytes, Buffer.from([0x32, 0])])
  for (const wrong of [...changed, ...cut, longer]) {
    // oxlint-disable-next-line no-await-in-loop -- a thousand at once would be no faster
    await expect(openReceipt(wrong)).rejects.toMatchObject({ name: 'MeshError' })
  }
})

test('lengths written in more bytes than they need are refused', async () => {
  const bytes = receiptBytes((await buildProof()).receipt)
  expect([...bytes.subarray(0, 2)]).toEqual([0x0a, 36])
  const longer = Buffer.concat([Buffer.from([0x0a, 36 | 0x80, 0]), bytes.subarray(2)])
  await expect(openReceipt(longer)).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
})

test('giants and garbage are refused before anything is decoded', async () => {
  const giant = Buffer.alloc(RECEIPT_KIND.bytesMax + 1)
  await expect(openReceipt(giant)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  expect(() => receiptBytes('A'.repeat(1e6))).toThrow('base64')
  for (const text of ['', '!!!!', 'AAA', 'AA==\n', 'äöü=']) {
    expect(() => receiptBytes(text)).toThrow('a receipt is not base64 of an envelope')
  }
  for (const noise of [Buffer.alloc(0), Buffer.alloc(200, 0xff), Buffer.from('{"order":1}')]) {
    // oxlint-disable-next-line no-await-in-loop
    await expect(openReceipt(noise)).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
  }
})

test('an order is no receipt, and a receipt no order', async () => {
  const { order, receipt } = await buildProof()
  const message = 'this is not a receipt, but "/taskmesh/dispatch-order/1"'
  await expect(openReceipt(orderBytes(order))).rejects.toThrow(message)
  await expect(openOrder(receiptBytes(receipt))).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
})

test('who signs must be who is named', async () => {
  const { document } = await buildProof()
  const bytes = receiptBytes(await sealReceipt(document, buildSigner()))
  await expect(openReceipt(bytes)).rejects.toMatchObject({ code: 'FROM_MISMATCH' })
})

test('a field that nobody knows, or one that is missing, is refused though it is signed', async () => {
  const { document, worker } = await buildProof()
  const more = { ...document, zeal: true } as Receipt
  const { order: _order, ...less } = document
  for (const [wrong, code] of [
    [more, 'FIELD_UNKNOWN'],
    [less as Receipt, 'FIELD_MISSING'],
    [{ ...document, outcome: 'fine' }, 'FIELD_INVALID']
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    const bytes = await sealEnvelope(wrong, RECEIPT_KIND, worker)
    // oxlint-disable-next-line no-await-in-loop
    await expect(openReceipt(bytes)).rejects.toMatchObject({ code })
  }
})

test.each([
  ['keys out of order', '{"b":1,"a":2}'],
  ['a key twice', '{"a":1,"a":2}'],
  ['blanks', '{"a": 1}'],
  ['no JSON', 'receipt'],
  ['nesting without end', '['.repeat(2_000)]
])('%s: two readers might not read the same', async (_what, payload) => {
  const bytes = await sealByLibp2p(payload, await generateKeyPair('Ed25519'))
  await expect(openReceipt(bytes)).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
})

test('a key that is none of Ed25519 signs nothing here, and is not believed', async () => {
  const key = await generateKeyPair('secp256k1')
  expect(() => signerOf(key)).toThrow('a key of type secp256k1 cannot sign receipts')
  const { document } = await buildProof()
  const bytes = await sealByLibp2p(canonicalJson(document), key)
  await expect(openReceipt(bytes)).rejects.toThrow('not signed by an Ed25519 key')
})
