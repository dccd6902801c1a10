/** Orders and receipts without signatures, so that nothing waits for another thread. Each receipt is believed. */
import type { IssuedOrder, OrderDesk, OrderedTask, ReceiptClaim } from '../../src/dispatch/ports.ts'
import type { Proof } from '../../src/receipts/proof.ts'

export class FakeOrders implements OrderDesk {
  readonly issued: OrderedTask[] = []
  readonly claims: ReceiptClaim[] = []

  async issue(task: OrderedTask): Promise<IssuedOrder> {
    this.issued.push(task)
    return { base64: `order of ${task.lease_id}`, expected: {} }
  }

  async prove(claim: ReceiptClaim): Promise<Proof> {
    this.claims.push(claim)
    return { order: (await claim.order).base64, receipt: claim.receipt }
  }
}
