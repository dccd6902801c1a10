import { expect, test } from 'vitest'
import { buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { checkReceipt } from '../../../src/dashboard/job/receipt-check.ts'
import { sealReceipt } from '../../../src/receipts/receipt.ts'
import { ORDER_KIND } from '../../../src/receipts/order.ts'
import { ORDER_USE, RECEIPT_USE } from '../../../src/receipts/uses.ts'
import { RECEIPT_KIND } from '../../../src/receipts/receipt.ts'

test('a browser reads what router and worker have signed as nodes do', async () => {
  const { document, order, receipt, router } = await buildProof()
  const checked = await checkReceipt({ order, receipt })
  expect(checked.receipt).toEqual(document)
  expect(checked.order.router).toBe(router.peer)
})

test('its words for what is signed are those of nodes', () => {
  expect(ORDER_KIND).toMatchObject(ORDER_USE)
  expect(RECEIPT_KIND).toMatchObject(RECEIPT_USE)
})

test('one changed byte is found, wherever it is', async () => {
  const { order, receipt } = await buildProof()
  const bytes = Buffer.from(receipt, 'base64')
  for (const index of [2, 40, 60, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    const forged = { order, receipt: changed.toString('base64') }
    await expect(checkReceipt(forged), `byte ${index}`).rejects.toThrow(Error)
  }
})

test('a receipt of another order, or signed by another than its worker, is none', async () => {
  const first = await buildProof()
  const second = await buildProof({
    router: first.router,
    worker: first.worker,
    order: { attempt: 2 }
  })
  await expect(checkReceipt({ order: first.order, receipt: second.receipt })).rejects.toThrow(
    'another order'
  )
  const foreign = await sealReceipt(first.document, buildSigner())
  await expect(checkReceipt({ order: first.order, receipt: foreign })).rejects.toThrow(
    'than its worker'
  )
})
