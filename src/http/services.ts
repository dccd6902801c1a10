/**
 * The port between the HTTP API and a node's work: http declares it, the roles join it to dispatch and
 * discovery. A router gives all of it, other roles what they have. Everything is plain data of the published schemas; ids are already text.
 */
import type { Caller } from './caller.ts'
import type { BackupView } from '../model/generated/api-backup.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { FileCheck } from '../model/generated/api-file-check.ts'
import type { FileFetchRequest } from '../model/generated/api-file-fetch.ts'
import type { FilePinRequest } from '../model/generated/api-file-pin.ts'
import type { FileUpload } from '../model/generated/api-file-upload.ts'
import type { FileUploadRequest } from '../model/generated/api-file-upload-request.ts'
import type { FileView } from '../model/generated/api-file.ts'
import type { FolderEntry } from '../model/generated/folder-manifest.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { HistoryRow, AttemptView, ItemView, JobView } from '../model/generated/api-job.ts'
import type { IdleReasonsView } from '../model/generated/api-idle-reasons.ts'
import type { JobSort } from '../jobs/job-order.ts'
import type { LogView } from '../model/generated/api-log.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { MapView } from '../model/generated/api-map.ts'
import type { MetricsPage } from '../observe/node-metrics.ts'
import type { NodeFilter } from '../model/worker-list.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { OverviewView } from '../model/generated/api-overview.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { PlanView } from '../model/generated/api-plan.ts'
import type { ReceiptView } from '../model/generated/api-receipt.ts'
import type { RecipeView } from '../model/generated/api-recipe.ts'
import type { RerunRequest } from '../model/generated/api-rerun.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'
import type { RouterView } from '../model/generated/api-router.ts'
import type { SecurityView } from '../model/generated/api-security.ts'
import type { SeriesView } from '../model/generated/api-series.ts'
import type { SetAvailabilityParams } from '../model/generated/commands-set-availability.ts'
import type { TokenRequest } from '../model/generated/api-token-request.ts'
import type { TokenScope, TokenView } from '../model/generated/api-token.ts'
import type { TraceContext } from '../model/trace-context.ts'
import type { WeightsView } from '../model/generated/api-weights.ts'

/** Which attempt's log: without `item` that of a job's only item, without `attempt` the newest. */
export interface LogRequest {
  item?: string
  attempt?: number
}

/** What the router can do with jobs. An `id` may be any unique prefix of one. */
export interface JobServices {
  /**
   * Validates and stores. Resolves when the job is on disk; `isNew` is false when its key had been submitted before.
   * @throws MeshError FIELD_…, KEY_CONFLICT, JOB_NOT_FOUND (of `needs`), QUEUE_FULL, STORE_FAILED
   */
  submit(
    document: unknown,
    submitter: string,
    trace?: TraceContext
  ): Promise<{ job: JobView; isNew: boolean }>
  /** Several jobs, all or none, in the order in which they can run. @throws as `submit`, and NEEDS_CYCLE */
  submitGraph(document: unknown, submitter: string, trace?: TraceContext): Promise<JobView[]>
  /** @param isWhole whether all workers are listed, however many */
  plan(document: unknown, isWhole: boolean): Promise<PlanView>
  /** A page, and the `after` of the next one, if there may be one. @throws MeshError FIELD_INVALID for a wrong `after` */
  list(filter: {
    state?: string
    labels?: Record<string, string>
    submitter?: string
    parent?: string
    sinceMs?: number
    /** The beginning of an id, or a part of a name. */
    text?: string
    /** @default '-created' */
    sort?: JobSort
    /** What a page before said, or the id of a job. */
    after?: string
    limit: number
  }): Promise<{ rows: JobView[]; next: string | undefined }>
  /** With result and logs for a single job. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  describe(id: string): Promise<JobView>
  /** Which job an id begins, and who handed it in. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  find(id: string): Promise<{ id: string; submitter: string }>
  /** The document as it was submitted. */
  document(id: string): Promise<unknown>
  /** Resolves when the job has ended or is held, or when the time is up. */
  wait(id: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<JobView>
  /** By index, with results. */
  items(id: string, filter: { state?: string; after?: number; limit: number }): Promise<ItemView[]>
  attempts(
    id: string,
    filter: { item?: string; after?: number; limit: number }
  ): Promise<AttemptView[]>
  /** Everything that happened to the job and to the attempts of one item, oldest first. */
  history(id: string, which: { item?: string }): Promise<HistoryRow[]>
  /** With `whyNot` the chosen worker and that one alone. @throws MeshError NODE_NOT_FOUND, NOT_FOUND */
  explain(
    id: string,
    which: { item?: string; attempt?: number; whyNot?: string }
  ): Promise<DecisionRecord>
  /** Decisions of all jobs by time; behind the last one of the page before. */
  decisions(page: {
    sinceMs: number
    after?: { atMs: number; jobId: string; itemIndex: number; attempt: number }
    limit: number
  }): Promise<DecisionRecord[]>
  /** What was signed of its attempts, by item, then attempt; of a reused result that of the earlier run. `next` is the item behind which the next page begins. */
  receipts(
    id: string,
    filter: { item?: string; attempt?: number; after?: number; limit: number }
  ): Promise<{ rows: ReceiptView[]; next: number | undefined }>
  log(id: string, which: LogRequest): Promise<LogView>
  /**
   * What is there of a log, then what comes, until the attempt has ended. Resolves to what ends it.
   * Without `attempt` it goes on with the next attempt, until the item has ended. `onEnd` is called when
   * nothing more can come; that may be before this resolves.
   */
  followLog(
    id: string,
    which: LogRequest,
    onPart: (part: LogView) => void,
    onEnd: () => void
  ): Promise<() => void>
  /** Resolves when its tasks are gone, or after some seconds with the job still ending. @throws MeshError JOB_ENDED */
  stop(
    id: string,
    wish: { reason: string; killAfterMs?: number | undefined },
    by: string
  ): Promise<JobView>
  /** Lets nothing more of it begin. @throws MeshError JOB_ENDED */
  hold(id: string, reason: string | undefined, by: string): Promise<JobView>
  /** @throws MeshError JOB_NOT_HELD */
  release(id: string, by: string): Promise<JobView>
  /** @throws MeshError JOB_NOT_ENDED, and as `submit` */
  rerun(id: string, request: RerunRequest, by: string, trace?: TraceContext): Promise<JobView>
}

export interface EventServices {
  /**
   * Every event with a number above `after` (from now on without it), those of one job alone if asked.
   * Returns what ends it.
   */
  watch(which: { after?: number; jobId?: string }, onEvent: (event: MeshEvent) => void): () => void
  /** The id of a job as events have it. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  jobId(id: string): Promise<string>
}

/** A file that is given out; its stretches come as they are read. */
export interface FileReading {
  id: string
  /** Safe to be the name of a file. */
  name: string
  sizeBytes: number
  /** Both ends included. */
  read(range: { first: number; last: number }): AsyncIterable<Uint8Array>
}

/** What the router can do with files. An `id` may be any unique prefix of one, without `sha256:` too. */
export interface FileServices {
  /** A page of all that the namespace offers and of what the router itself has in part. */
  list(page: {
    name?: string
    order: 'name' | 'id'
    /** The last row of the page before; with its name, it need not be there any more. */
    after?: { id: string; name?: string }
    limit: number
  }): FileView[]
  /** @throws MeshError FILE_NOT_FOUND, ID_AMBIGUOUS */
  describe(id: string): Promise<FileView>
  /**
   * Begins to take a file in, or goes on with it.
   * @throws MeshError FIELD_INVALID where the manifest is wrong, FILE_BUSY, TOO_MANY_REQUESTS, STORE_FULL
   */
  announce(request: FileUploadRequest): Promise<FileUpload>
  /** @throws MeshError FILE_NOT_FOUND, FIELD_INVALID, PIECE_INVALID, STORE_FULL */
  putPiece(id: string, index: number, body: AsyncIterable<Uint8Array>): Promise<void>
  /** Of a folder, what is in it as well. @throws MeshError FILE_NOT_FOUND where the router has no copy */
  pin(id: string, request: FilePinRequest): Promise<FileView>
  unpin(id: string): Promise<FileView>
  /** Resolves when that is done, or when the time is up. @throws MeshError FILE_NOT_FOUND */
  verify(id: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<FileCheck>
  /** Deletes the router's copy. @throws MeshError FILE_NOT_FOUND, FILE_BUSY, FIELD_INVALID where it is shared */
  remove(id: string): Promise<void>
  /** Begins to fetch it; how that goes, `describe` says. */
  fetch(id: string, request: FileFetchRequest): Promise<FileView>
  /**
   * Opens a file, which is fetched from the mesh if it is not here.
   * @throws MeshError FILE_KIND_INVALID for a folder, FILE_UNAVAILABLE, TOO_MANY_REQUESTS
   */
  open(id: string, options: { signal: AbortSignal }): Promise<FileReading>
  /** What is in a folder, after that path. @throws MeshError FILE_KIND_INVALID for a file */
  entries(
    id: string,
    page: { after?: string; limit: number },
    options: { signal: AbortSignal }
  ): Promise<FolderEntry[]>
}

/** What the router has seen of workers, and how it knows. A `peer` is a whole peer id; of a stranger there is what everybody starts with. */
export interface ReputationServices {
  /** Best first, from the one after `after` on. */
  list(page: { after?: string; limit: number }): ReputationView[]
  /** With its details, now or as of a moment. @throws MeshError FIELD_INVALID where the evidence does not go back so far */
  describe(peer: string, which: { asOfMs?: number }): Promise<ReputationView>
  /** What was counted of it, newest first. @throws MeshError FIELD_INVALID for a wrong `after` */
  evidence(
    peer: string,
    page: { after?: string; limit: number }
  ): Promise<{ entries: EvidenceEntry[]; next: string | undefined }>
  /** Unverified results of the day before its last wrong one, newest first. */
  suspects(peer: string, page: { after: number; limit: number }): Promise<EvidenceEntry[]>
  /** The lines of an export. */
  export(which: { peer?: string }): AsyncIterable<string>
}

/** Job templates of the namespace. */
export interface RecipeServices {
  /** All, by name, then author, without jobs. */
  list(): RecipeView[]
  /** @param name or `name@author`. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  describe(name: string): RecipeView
  /** @returns undefined where its author has taken it back. @throws MeshError RECEIPT_INVALID, KEY_CONFLICT, STORE_FULL, STORE_FAILED */
  publish(envelope: string): Promise<RecipeView | undefined>
  /** @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  refuse(name: string): Promise<void>
}

/** The router's named tokens. */
export interface TokenServices {
  /** Whose token that is; undefined where it is none, or is over. */
  find(token: string): Caller | undefined
  list(): TokenView[]
  /** @throws MeshError FIELD_INVALID, TOO_MANY_REQUESTS, IDENTITY_UNUSABLE where it cannot be kept */
  create(request: TokenRequest): TokenView
  /** @throws MeshError NOT_FOUND */
  revoke(id: string): TokenView
}

/** Somebody who is told what changes. */
export interface LiveReader {
  /** What it may do. */
  readonly scope: TokenScope
  /** Whether it has taken all that it was told; while it has not, news for it is put together. */
  isReady(): boolean
  /** One message of `api/live`, as JSON text. */
  send(text: string): void
}

/** What a node sees of the mesh as a whole. */
export interface MonitoringServices {
  overview(): Promise<OverviewView>
  series(spanMs: number): SeriesView
  map(): MapView
  routers(): RouterView[]
  /** Tells a reader all that there is, then what changes. Resolves to what ends it. */
  watch(reader: LiveReader): Promise<() => void>
}

/** What the whole HTTP API needs: that of a router. */
export interface ApiServices {
  jobs: JobServices
  events: EventServices
  files: FileServices
  nodes: {
    /** In no order. @throws MeshError FIELD_INVALID for a wrong condition */
    list(filter: NodeFilter): Promise<NodeView[]>
    /** `peer` may be any unique prefix or suffix. @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS */
    describe(peer: string): Promise<NodeView>
  }
  availability: {
    /** Cordons, drains or opens a worker. @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS, PEER_UNREACHABLE */
    set(peer: string, request: SetAvailabilityParams): Promise<NodeView>
  }
  monitoring: MonitoringServices
  /** For Prometheus. */
  metrics: { page(): Promise<MetricsPage> }
  /** Why tasks went elsewhere. */
  idleReasons(
    which: { peer?: string; spanMs: number },
    options: { signal: AbortSignal }
  ): Promise<IdleReasonsView>
  weights(): WeightsView
  peers: { list(): PeerView[] }
  /** What peers have done wrong. */
  security(): SecurityView
  reputation: ReputationServices
  recipes: RecipeServices
  tokens: TokenServices
  /** Copies the job store beside it, or into a file of that name on the router's machine. @throws MeshError STORE_FAILED */
  backup(file: string | undefined): Promise<BackupView>
  health(): HealthView
  /** What other nodes of the mesh answer: their API is at `url`, for that `fetch`. @throws MeshError FIELD_INVALID for what is no PeerId */
  forwarding: { to(peer: string): { fetch: typeof globalThis.fetch; url: string } }
}

/** What a node gives: the API has those of its operations alone whose services are here. */
export type OfferedServices = Partial<ApiServices> & Pick<ApiServices, 'tokens'>

/** The little of a logger that the API uses; a pino logger fits. */
export interface ApiLogger {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
