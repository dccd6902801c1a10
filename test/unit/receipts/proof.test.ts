import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { expectReceipt, openProof } from '../../../src/receipts/proof.ts'
import { textHash } from '../../../src/receipts/text-hash.ts'

test('a receipt and its order prove who ran what for whom', async () => {
  const { document, order, receipt, router, worker } = await buildProof()
  const opened = await openProof({ order, receipt })
  expect(opened.receipt).toMatchObject({ document, signer: worker.peer })
  expect(opened.order).toMatchObject({ signer: router.peer, document: { worker: worker.peer } })
  expect((await openProof({ receipt })).order).toBeUndefined()
})

test.each([
  ['another attempt', { attempt: 2, lease_id: 'l-000000000000' }, 'attempt is 1, not 2'],
  ['another job', { job_id: 'j-other' }, 'job_id'],
  ['another item', { item: 3 }, 'item'],
  ['another task', { job_hash: hash('sha256', 'other') }, 'job_hash'],
  ['another lease', { lease_id: 'l-000000000000' }, 'lease_id'],
  ['another moment', { issued_at_ms: 1 }, 'order_hash']
])('a receipt replayed for %s does not go with its order', async (_what, order, field) => {
  const [router, worker] = [buildSigner(), buildSigner()]
  const { receipt } = await buildProof({ router, worker })
  const other = await buildProof({ router, worker, order })
  const opened = openProof({ order: other.order, receipt })
  await expect(opened).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
  await expect(opened).rejects.toThrow(field)
})

test("another worker's receipt, and one for another router, do not go with an order", async () => {
  const [router, worker] = [buildSigner(), buildSigner()]
  const { order } = await buildProof({ router, worker })
  const [elsewhere, forOther] = [await buildProof({ router }), await buildProof({ worker })]
  for (const [{ receipt }, field] of [
    [elsewhere, 'worker'],
    [forOther, 'router']
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    await expect(openProof({ order, receipt })).rejects.toMatchObject({ path: field })
  }
})

test('what is expected is compared, and nothing else', async () => {
  const { document } = await buildProof({ receipt: { outputs: [`sha256:${'a'.repeat(64)}`] } })
  expect(() => expectReceipt(document, {})).not.toThrow()
  expect(() => expectReceipt(document, { result_file: 'none', outcome: 'completed' })).not.toThrow()
  expect(() => expectReceipt(document, { outputs: [] })).toThrow('outputs is sha256:aaa')
  expect(() => expectReceipt(document, { result_hash: 'none' })).toThrow('result_hash')
  const { result_hash: _hash, ...failed } = document
  expect(() => expectReceipt(failed, { result_hash: 'abc' })).toThrow('is none, not abc')
})

test('a long text has the same hash as if it were short', async () => {
  const text = 'ä🙂'.repeat(50_000)
  expect(await textHash(text)).toBe(hash('sha256', text))
  expect(await textHash('\ud800')).toBe(hash('sha256', '\ufffd'))
})
