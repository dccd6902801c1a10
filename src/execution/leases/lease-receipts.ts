/**
 * Signs what has become of the tasks that routers sent here: each receipt says what ran, of what, for which
 * order and with what result. The answer waits for its signature, but the main thread does nothing for it.
 */
import { AGENT } from '../../core/version.ts'
import { ProgramDigests } from '../program-digests.ts'
import { bytesHash, textHash } from '../../receipts/text-hash.ts'
import { digestOf } from '../../model/task-names.ts'
import { filesOfItem, programOf } from '../../model/job-inputs.ts'
import { orderBytes } from '../../receipts/order.ts'
import { sealReceipt } from '../../receipts/receipt.ts'
import { usageOf } from '../task-answers.ts'
import type { Clock } from '../../core/clock.ts'
import type { ExecutorRegistry } from '../../executors/executor-registry.ts'
import type { Lease } from './lease.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Receipt } from '../../receipts/receipt.ts'
import type { Signer } from '../../receipts/signer.ts'
import type { TaskDocument } from '../../model/job.ts'
import type { TaskEnd } from '../task.ts'

export interface LeaseReceiptsComponents {
  clock: Clock
  executors: ExecutorRegistry
  logger: Logger
  signer: Signer
}

/** As in `receipt.schema.json`. */
const INPUTS_MAX = 32
const PROGRAM_LETTERS_MAX = 256

interface UsedProgram {
  digest?: string | undefined
  program?: string | undefined
}

export class LeaseReceipts {
  readonly #components: LeaseReceiptsComponents
  readonly #programs = new ProgramDigests()

  constructor(components: LeaseReceiptsComponents) {
    this.#components = components
  }

  /**
   * In base64. Undefined for what never began, and where its router has not signed what it sent, or not in a
   * form in which it can be named. Never rejects.
   */
  async sign(lease: Lease, end: TaskEnd): Promise<string | undefined> {
    const { order } = lease.assignment
    const { taskHash } = lease
    if (!end.hasBegun || order === undefined || taskHash === undefined) return undefined
    const { logger, signer } = this.#components
    try {
      return await sealReceipt(await this.#describe(lease, end, { order, taskHash }), signer)
    } catch (cause) {
      logger.warn({ ...lease.fields, err: cause }, 'no receipt')
      return undefined
    }
  }

  /** Its fields, and theirs, in the order of their names. */
  async #describe(
    { assignment, begunAtMs, router, task }: Lease,
    end: TaskEnd,
    { order, taskHash }: { order: string; taskHash: Promise<string> }
  ): Promise<Receipt> {
    const { clock, signer } = this.#components
    const endedAtMs = Math.round(clock.wallMs())
    const tookMs = clock.monotonicMs() - (begunAtMs ?? clock.monotonicMs())
    const hash = await bytesHash(orderBytes(order))
    return {
      attempt: assignment.attempt,
      engine: await this.#engineOf(task.request.task),
      ...(await inputsOf(task.request)),
      item: assignment.item,
      job_hash: await taskHash,
      job_id: assignment.job_id,
      order: { hash, lease_id: assignment.lease_id },
      outcome: end.error?.code ?? 'completed',
      ...(await resultOf(end)),
      router,
      ...(end.usage === undefined ? {} : { usage: usageOf(end.usage) }),
      worker: signer.peer,
      worker_clock: {
        ended_at_ms: endedAtMs,
        started_at_ms: Math.max(0, Math.round(endedAtMs - tookMs))
      }
    }
  }

  async #engineOf(task: TaskDocument): Promise<Receipt['engine']> {
    const { digest, program } = await this.#programOf(task)
    return {
      ...(digest === undefined ? {} : { digest }),
      name: task.engine,
      ...(program === undefined ? {} : { program: program.slice(0, PROGRAM_LETTERS_MAX) }),
      version: AGENT
    }
  }

  async #programOf(task: TaskDocument): Promise<UsedProgram> {
    const file = programOf(task)?.file
    switch (task.engine) {
      case 'builtin':
      case 'function':
        return { program: task.name }
      case 'javascript':
        return { digest: file ?? (await textHash(task.source)) }
      case 'wasm':
        return { digest: file ?? (await textHash(task.module)) }
      case 'container':
        return { digest: digestOf(task.image), program: task.image }
      case 'process': {
        const { executors } = this.#components
        const program = executors.get(task.engine).programPath?.(task)
        if (program === undefined) return { program: task.argv[0] }
        return { digest: await this.#programs.of(program), program }
      }
      case 'storage':
        return {}
    }
  }
}

/** More of them than a receipt has room for are named by one hash. */
async function inputsOf({
  inputs,
  task
}: Lease['task']['request']): Promise<Pick<Receipt, 'inputs' | 'inputs_hash'>> {
  const { files } = filesOfItem({ task, inputs: [...inputs] }, 0)
  if (files.length === 0) return {}
  if (files.length <= INPUTS_MAX) return { inputs: [...files] }
  return { inputs_hash: await textHash(files.map((file) => `${file}\n`).join('')) }
}

async function resultOf({
  error,
  output,
  outputFile,
  outputs = []
}: TaskEnd): Promise<Pick<Receipt, 'outputs' | 'result_file' | 'result_hash'>> {
  const files = outputs.map(({ file }) => file)
  return {
    ...(files.length === 0 ? {} : { outputs: files }),
    ...(outputFile === undefined ? {} : { result_file: outputFile.file }),
    ...(error !== undefined || output === undefined ? {} : { result_hash: await textHash(output) })
  }
}
