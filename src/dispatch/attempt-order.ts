/**
 * The order under which a worker has one attempt: signed when the task is sent, and signed again, to the same
 * bytes, by a router that has restarted since. What the worker gives for it is proven against it.
 */
import { answerTimeoutMs, leaseMs } from './assignment.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { IssuedOrder, OrderDesk, ReceiptClaim } from './ports.ts'
import type { Proof } from '../receipts/proof.ts'

export interface AttemptOrderComponents {
  orders: OrderDesk
  /** JSON text of one item's task. */
  taskText: (jobId: string, index: number) => Promise<string>
}

/** As in `dispatch-order.schema.json`: a program's path may be longer. */
const TASK_TYPE_MAX = 200

export class AttemptOrder {
  readonly #components: AttemptOrderComponents
  readonly #job: ActiveJob
  readonly #attempt: AttemptRecord
  #issued: Promise<IssuedOrder> | undefined

  constructor(components: AttemptOrderComponents, job: ActiveJob, attempt: AttemptRecord) {
    this.#components = components
    this.#job = job
    this.#attempt = attempt
  }

  /** What goes to the worker. @throws MeshError as the store does */
  async issue(): Promise<{ text: string; order: string }> {
    const text = await this.#text()
    this.#issued ??= this.#sign(text)
    return { text, order: (await this.#issued).base64 }
  }

  /** In its own time; undefined where there is nothing to prove. */
  prove({ answer, receipt }: Pick<ReceiptClaim, 'answer' | 'receipt'>): Promise<Proof | undefined> {
    this.#issued ??= this.#text().then((text) => this.#sign(text))
    this.#issued.catch(() => {})
    return this.#components.orders.prove({
      answer,
      receipt,
      attempt: this.#attempt,
      order: this.#issued
    })
  }

  async #text(): Promise<string> {
    const { itemIndex, jobId } = this.#attempt
    return await this.#components.taskText(jobId, itemIndex)
  }

  /** Nothing in it may differ from one life of this router to the next. */
  #sign(text: string): Promise<IssuedOrder> {
    const { itemIndex, jobId, leaseId, number, offeredAtMs, role, workerId } = this.#attempt
    const { plan } = this.#job
    const issuedAtMs = Math.round(offeredAtMs)
    return this.#components.orders.issue({
      attempt: number,
      expires_at_ms: Math.round(issuedAtMs + answerTimeoutMs(plan) + leaseMs(plan)),
      issued_at_ms: issuedAtMs,
      item: itemIndex,
      job_id: jobId,
      lease_id: leaseId,
      role: role ?? 'primary',
      task_type: plan.taskType.slice(0, TASK_TYPE_MAX),
      text,
      worker: workerId
    })
  }
}
