/** A dispatch order and the receipt of it, as a router and a worker make them. */
import { hash } from 'node:crypto'
import { buildSigner } from './build-signer.ts'
import { canonicalJson } from '../../src/core/json.ts'
import { sealOrder } from '../../src/receipts/order.ts'
import { sealReceipt } from '../../src/receipts/receipt.ts'
import type { DispatchOrder } from '../../src/receipts/order.ts'
import type { Proof } from '../../src/receipts/proof.ts'
import type { Receipt } from '../../src/receipts/receipt.ts'
import type { Signer } from '../../src/receipts/signer.ts'

export const TASK_TEXT = '{"engine":"builtin","name":"noop"}'
export const RESULT_TEXT = '{"answer":42}'

export interface ProofParts {
  router?: Signer
  worker?: Signer
  order?: Partial<DispatchOrder>
  receipt?: Partial<Receipt>
}

export interface BuiltProof extends Proof {
  order: string
  router: Signer
  worker: Signer
  document: Receipt
}

export function buildOrder(worker: string, more: Partial<DispatchOrder> = {}): DispatchOrder {
  return {
    attempt: 1,
    expires_at_ms: 1_767_229_230_000,
    issued_at_ms: 1_767_225_600_000,
    item: 0,
    job_hash: hash('sha256', TASK_TEXT),
    job_id: 'j-7m2k9x04tqhe',
    lease_id: 'l-4k9d0s2m7qx1',
    role: 'primary',
    router: 'set by its signer',
    task_type: 'builtin:noop',
    worker,
    ...more
  }
}

/** What the receipt says beside what its order has it say can be given. */
export async function buildProof(parts: ProofParts = {}): Promise<BuiltProof> {
  const router = parts.router ?? buildSigner()
  const worker = parts.worker ?? buildSigner()
  const facts = buildOrder(worker.peer, parts.order)
  const { base64: order, hash: orderHash } = await sealOrder(facts, router)
  const said: Receipt = {
    attempt: facts.attempt,
    engine: { name: 'builtin', program: 'noop', version: 'taskmesh/0.1.0' },
    item: facts.item,
    job_hash: facts.job_hash,
    job_id: facts.job_id,
    order: { hash: orderHash, lease_id: facts.lease_id },
    outcome: 'completed',
    result_hash: hash('sha256', RESULT_TEXT),
    router: router.peer,
    usage: { cpu_ms: 1.5, wall_ms: 2 },
    worker: worker.peer,
    worker_clock: { ended_at_ms: 1_767_225_600_102, started_at_ms: 1_767_225_600_100 },
    ...parts.receipt
  }
  const document = JSON.parse(canonicalJson(said)) as Receipt
  return { router, worker, document, order, receipt: await sealReceipt(document, worker) }
}
