/** Receipts for people: who signed what, as facts one below the other. */
import { printable } from '../core/plain-text.ts'
import { formatDuration } from '../core/units.ts'
import { renderFacts } from './render.ts'
import type { OpenedProof } from '../receipts/proof.ts'
import type { Receipt } from '../receipts/receipt.ts'
import type { Style } from './render.ts'

/** What a program reads of a proof: both documents, and who signed them. */
export interface ProofView {
  receipt: Receipt
  worker: string
  order: NonNullable<OpenedProof['order']>['document'] | null
  /** Who countersigned; null where only the worker's word is here. */
  router: string | null
  reused_by?: string
}

export function proofView({ order, receipt }: OpenedProof, reusedBy?: string): ProofView {
  return {
    receipt: receipt.document,
    worker: receipt.signer,
    order: order?.document ?? null,
    router: order?.signer ?? null,
    ...(reusedBy === undefined ? {} : { reused_by: reusedBy })
  }
}

export function renderProof(
  { order, receipt, reused_by, router }: ProofView,
  style: Style
): string {
  const { attempt, item, job_id, outcome, worker_clock: clock } = receipt
  const tookMs = clock.ended_at_ms - clock.started_at_ms
  const isGood = outcome === 'completed'
  const text = renderFacts(
    [
      ['job', `${style.bold(job_id)}, item ${item}, attempt ${attempt}`],
      ...(reused_by === undefined ? [] : [['reused by', `item ${reused_by}`] as const]),
      ['worker', `${receipt.worker} (signed the receipt)`],
      [
        'router',
        `${receipt.router} (${router === null ? 'its order is not here' : 'signed the order'})`
      ],
      ...(order === null
        ? []
        : [
            [
              'ordered',
              `${dateOf(order.issued_at_ms)} by the router's clock, as ${order.role}`
            ] as const
          ]),
      [
        'ran',
        `${dateOf(clock.started_at_ms)} by the worker's clock, for ${formatDuration(tookMs)}`
      ],
      ['outcome', isGood ? style.green(outcome) : style.red(outcome)],
      ['engine', engineOf(receipt)],
      ['task SHA-256', receipt.job_hash],
      ...manyOf('input', receipt.inputs ?? receipt.inputs_hash),
      ...manyOf('result SHA-256', receipt.result_hash),
      ...manyOf('result file', receipt.result_file),
      ...manyOf('output', receipt.outputs)
    ],
    style
  )
  // It holds words of strangers.
  return text.split('\n').map(printable).join('\n')
}

function engineOf({ engine: { digest, name, program, version } }: Receipt): string {
  return [name, program, digest, `(${version})`].filter((part) => part !== undefined).join(' ')
}

function manyOf(name: string, value: string | readonly string[] | undefined): [string, string][] {
  if (value === undefined) return []
  return [[name, typeof value === 'string' ? value : value.join('\n')]]
}

/** The same everywhere, as signatures are. */
function dateOf(atMs: number): string {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? String(atMs) : date.toISOString()
}
