/**
 * Signs what this router sends to workers, and checks what they sign of it: aside, so that no answer waits for
 * it. What holds is stored; what does not is as if it had not come, and its worker is told of in the log.
 */
import { MeshError } from '../core/errors.ts'
import { expectedOf } from '../receipts/proof.ts'
import { sealOrder } from '../receipts/order.ts'
import { RecentMap } from '../core/recent-map.ts'
import { readItemFiles } from './task-report.ts'
import { textHash } from '../receipts/text-hash.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { Expected, Proof } from '../receipts/proof.ts'
import type { IssuedOrder, OrderDesk, OrderedTask, ReceiptClaim } from './ports.ts'
import type { JobStore, StoredReceipt } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { ReceiptChecker } from '../receipts/receipt-checker.ts'
import type { Signer } from '../receipts/signer.ts'

export interface ReceiptDeskComponents {
  checker: ReceiptChecker
  logger: Logger
  signer: Signer
  store: JobStore
}

/** Some 3 KB each; a burst of short tasks ends faster than a signature can be checked. */
const WAITING_MAX = 16_384
/** Workers whose wrong receipts are counted; the one that was wrong longest ago is forgotten first. */
const OFFENDERS_MAX = 1_024

export class ReceiptDesk implements OrderDesk {
  readonly #components: ReceiptDeskComponents
  #droppedCount = 0
  /** Wrong receipts by worker. */
  readonly #offenders = new RecentMap<string, number>(OFFENDERS_MAX)

  constructor(components: ReceiptDeskComponents) {
    this.#components = components
  }

  async issue({ text, ...task }: OrderedTask): Promise<IssuedOrder> {
    const { signer } = this.#components
    const order = { ...task, job_hash: await textHash(text) }
    const { base64, hash } = await sealOrder(order, signer)
    return { base64, expected: expectedOf({ document: { ...order, router: signer.peer }, hash }) }
  }

  /** What its answer says is reduced to hashes at once: a result would be held for as long as it waits here. */
  prove({ answer, ...claim }: ReceiptClaim): Promise<Proof | undefined> {
    if (this.#components.checker.pendingCount < WAITING_MAX) {
      return this.#prove(claim, saidBy(answer))
    }
    // Better a job without a receipt than a router without memory.
    this.#countDropped()
    return Promise.resolve(undefined)
  }

  async #prove(
    { attempt, order, receipt }: Omit<ReceiptClaim, 'answer'>,
    said: Promise<Expected>
  ): Promise<Proof | undefined> {
    try {
      const [{ base64, expected }, saidHere] = await Promise.all([order, said])
      const { checker } = this.#components
      const wrong = await checker.check(receipt, { ...expected, ...saidHere })
      if (wrong !== undefined) throw wrong
      const proof = { order: base64, receipt }
      this.#store(attempt, proof)
      return proof
    } catch (cause) {
      this.#complain(attempt, MeshError.from(cause))
      return undefined
    }
  }

  #store({ itemIndex, jobId, number, workerId }: AttemptRecord, proof: StoredReceipt): void {
    const { logger, store } = this.#components
    const change = { kind: 'receipt', jobId, itemIndex, attempt: number, ...proof } as const
    // The job itself is stored, or tried again, apart from this.
    store.apply([change]).catch((cause: unknown) => {
      const fields = { jobId, item: itemIndex, attempt: number, peer: workerId, err: cause }
      logger.warn(fields, 'a receipt could not be stored')
    })
  }

  #countDropped(): void {
    this.#droppedCount += 1
    if (!isRoundCount(this.#droppedCount)) return
    const fields = { count: this.#droppedCount }
    this.#components.logger.warn(fields, 'receipts left unchecked, as too many came at once')
  }

  #complain(
    { itemIndex, jobId, number, workerId: peer }: AttemptRecord,
    { code, message }: MeshError
  ): void {
    // It says nothing of the worker.
    if (code === 'STOPPING') return
    const count = (this.#offenders.get(peer) ?? 0) + 1
    this.#offenders.set(peer, count)
    // One that is always wrong shall not fill the log: it is told of at 1, 2, 4, 8 and so on.
    if (!isRoundCount(count)) return
    const fields = { jobId, item: itemIndex, attempt: number, peer, code, why: message, count }
    const text = count === 1 ? 'wrong receipt dropped' : 'wrong receipts again and again: dropped'
    this.#components.logger.warn(fields, text)
  }
}

/** What the receipt must say of the end, if it is about this answer. @throws MeshError RESULT_INVALID */
async function saidBy(answer: ReceiptClaim['answer']): Promise<Expected> {
  const { bulk, error } = answer
  const files = readItemFiles(answer)
  if (files === undefined) throw new MeshError('RESULT_INVALID', 'the answer names no right files')
  const { outputFile, outputs } = files
  const hasText = error === undefined && outputFile === null && bulk !== undefined
  return {
    outcome: error?.code ?? 'completed',
    outputs: (outputs ?? []).map(({ file }) => file),
    result_file: outputFile?.file ?? 'none',
    result_hash: hasText ? await textHash(bulk) : 'none'
  }
}

function isRoundCount(count: number): boolean {
  return (count & (count - 1)) === 0
}
