/** What dispatch needs of its neighbours; the router's composition root joins them. */
import type { AbortOptions } from '../core/abort.ts'
import type { Apart } from './wish.ts'
import type { Assignment, FileSource } from '../model/generated/commands-execute-task.ts'
import type { AttemptRecord, ItemFiles, ItemRecord, Verified } from '../jobs/records.ts'
import type { Candidate, InputSize, SelectionRequest } from '../selection/candidate.ts'
import type { DispatchOrder } from '../receipts/order.ts'
import type { Expected, Proof } from '../receipts/proof.ts'
import type { JobPlan, OutputFile } from '../model/job.ts'
import type { MeshError } from '../core/errors.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { TraceContext } from '../model/trace-context.ts'

/** Who could run a task now. `discovery/directory.ts` satisfies it. */
export interface CandidateSource {
  candidates(): readonly Candidate[]
  /** How long a task of that type is expected to run, in milliseconds at 1 GHz. */
  workMs(taskType: string): number
  /** How long its answer is expected to be. */
  answerBytes(taskType: string): number
  /** A task goes there now; counts before the worker's own report does. @returns its number among all that went there */
  sent(peer: string, task: { expectedMs: number; gpuCount: number }): number
  /** It is there no more, or never got there. */
  ended(peer: string, task: EndedTask): void
  reported(peer: string, load: unknown): void
  /** It has not answered: it gets nothing new until it is heard of again. */
  suspect(peer: string): void
  /**
   * Resolves when there is a session with a worker that was lost.
   * @throws MeshError PEER_GONE when its program is known not to run; the signal's reason
   */
  whenReady(peer: string, options: AbortOptions): Promise<void>
}

export interface EndedTask {
  /** Among all that went to that worker. */
  number: number
  taskType: string
  /** By the worker's clock, and how long its answer was, where it was seen through. */
  ranMs?: number | undefined
  answerBytes?: number | undefined
}

/** What is known of who has which files. `discovery/file-catalogue.ts` satisfies it, joined to the router's own library. */
export interface FileHoldings {
  /** Whether a peer has all of a file. */
  has(peer: string, fileId: string): boolean
  /** Undefined: no more is known of the file than its id. */
  sizeOf(fileId: string): number | undefined
  /** The files of a folder, if it is one and its list is here. */
  filesOf(fileId: string): Promise<readonly InputSize[] | undefined>
  /** Whether anybody has it, this router included. */
  isHeld(fileId: string): boolean
  /** How long ago a peer last said what it has, in milliseconds. */
  ageMs(peer: string): number
}

/** This router's own copies of files. */
export interface FileCopies {
  /**
   * Brings a file, or a folder with all its files, here, and keeps it until a moment.
   * @param peers who are known to have it; others are looked for
   * @throws MeshError FILE_UNAVAILABLE, STORE_FULL; the signal's reason
   */
  fetch(copy: FileCopy, options: AbortOptions): Promise<void>
}

export interface FileCopy {
  file: OutputFile
  peers: readonly string[]
  /** Unix milliseconds. */
  untilMs: number
  jobId: string
}

/** Who is known to have files. `discovery/file-catalogue.ts` knows of others, this router's own library of itself. */
export interface HolderSource {
  /** Those who have most of what is asked for come first; it need not be all who have some of it. */
  holdersOf(fileIds: readonly string[]): Promise<FileSource[]>
}

/** Reads files of the mesh that hold text. */
export interface FileTexts {
  /**
   * Brings the file here first.
   * @throws MeshError REQUEST_TOO_LARGE, FILE_UNAVAILABLE, STORE_FULL; the signal's reason
   */
  text(file: OutputFile, bytesMax: number, options: AbortOptions): Promise<string>
}

/** What an input names on the web. */
export interface WebSource {
  url: string
  /** Plain SHA-256 of what must be there, in hex. */
  sha256: string
  /** The input in its document, for errors. */
  path: string
}

/** Makes files of the mesh of what is on the web. `files/web/web-library.ts` satisfies it. */
export interface WebFiles {
  /**
   * Brings it here, unless it is here already; gives its id. For all who want the same at once it is fetched once.
   * @throws MeshError FIELD_INVALID where the address is refused or has something else, STORE_FULL where it is
   * too large, FILE_UNAVAILABLE, which is retryable where another try may go better; the signal's reason
   */
  fetch(source: WebSource, options: WebFetchOptions): Promise<string>
}

export interface WebFetchOptions extends AbortOptions {
  /** For so long it has to stay once it is here; then it may go to make room. */
  keepMs: number
  /** Hears how much of it is here. `totalBytes` is undefined where the server does not say. */
  onProgress?: (bytes: number, totalBytes: number | undefined) => void
}

/** What a worker is told of a task that is to end. */
export interface StopOrder {
  leaseId: string
  reason: string
  /** How long it may still go on; what its assignment says when undefined. */
  killAfterMs: number | undefined
}

type WaitOptions = AbortOptions & { timeoutMs: number }

/** How tasks reach workers. What the worker itself refuses or fails is in the answer. */
export interface TaskLink {
  /** Sends a task and waits for how it ended. */
  execute(
    peer: string,
    task: { assignment: Assignment; text: string; trace?: TraceContext | undefined },
    options: WaitOptions
  ): Promise<SessionAnswer>
  /** Waits for the end of a task that was sent before. @param logFrom log entries that are here already */
  attach(
    peer: string,
    task: { leaseId: string; logFrom: number },
    options: WaitOptions
  ): Promise<SessionAnswer>
  /**
   * Has the worker end a task; its word on that comes as the answer to `execute` or `attach`.
   * Resolves to false if the worker has no such task, or there is no way to it now.
   */
  stop(peer: string, task: StopOrder, options: WaitOptions): Promise<boolean>
  /** Asks a worker whether it is there; rejects where no answer comes in time. @returns what it says of its load, unchecked */
  ask(peer: string, options: WaitOptions): Promise<unknown>
  /** Tells the worker, some time soon, that it may forget an ended task. */
  release(peer: string, leaseId: string): void
}

/** What this router orders of a worker, before it is signed. */
export interface OrderedTask extends Omit<DispatchOrder, 'job_hash' | 'router'> {
  /** The task's JSON text, as it is sent. */
  text: string
}

/** An order with the router's signature. */
export interface IssuedOrder {
  base64: string
  /** What its receipt must say. */
  expected: Expected
}

/** A receipt, and what it should be the receipt of. */
export interface ReceiptClaim {
  attempt: AttemptRecord
  order: Promise<IssuedOrder>
  answer: Pick<SessionAnswer, 'bulk' | 'error' | 'result'>
  /** As it came, in base64. */
  receipt: string
}

/** Signs what goes to workers, and checks what they sign of it. `receipt-desk.ts` does, with the node's key. */
export interface OrderDesk {
  /** Equal tasks have equal orders: a restarted router can make them again. */
  issue(task: OrderedTask): Promise<IssuedOrder>
  /** Resolves some time later, with what is proven and stored; undefined where that is nothing. Never rejects. */
  prove(claim: ReceiptClaim): Promise<Proof | undefined>
}

/** A result that its item does not take before it is checked. */
export interface UncheckedResult {
  attempt: number
  workerId: string
  /** JSON text; null where a file is in its place. */
  output: string | null
  files: ItemFiles
  /** Whether the attempt wrote anything. */
  hasLog: boolean
}

export interface CheckQuestion {
  jobId: string
  plan: JobPlan
  item: ItemRecord
  /** In the order of their attempts. */
  results: readonly UncheckedResult[]
  /** Copies that run, or wait for a worker. */
  openCount: number
  /** What selection is asked for one more copy. */
  request: SelectionRequest
}

export type CheckAnswer =
  /** That attempt's result is the item's. `right` and `wrong` name attempts whose results were compared. */
  | {
      kind: 'accept'
      attempt: number
      right: readonly number[]
      wrong: readonly number[]
      verified: Verified
    }
  /** So many more copies are wanted, each where it says. */
  | { kind: 'more'; copies: readonly Apart[] }
  /** Copies that are on their way will tell. */
  | { kind: 'wait' }
  | { kind: 'undecided'; error: MeshError }

/** Whose result is right. `src/roles` joins it to the pure room that judges. */
export interface ResultChecks {
  /** Asked whenever a result has come, or a copy has failed while results wait. */
  review(question: CheckQuestion, options: AbortOptions): Promise<CheckAnswer>
  /** What a worker has in common with those that it does not vouch for: its owner, its network. */
  groupsOf(workerId: string): readonly string[]
}
