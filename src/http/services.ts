/**
 * The port between the HTTP API and the router's work: http declares it, `roles/router.ts` joins it to
 * dispatch and discovery. Everything is plain data of the published schemas; ids are already text.
 */
import type { JobEvent } from '../model/generated/api-job-event.ts'
import type { AttemptView, ItemView, JobView } from '../model/generated/api-job.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerEvent } from '../model/generated/api-peer-event.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { PlanView } from '../model/generated/api-plan.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'

/** What the router can do with jobs. An `id` may be any unique prefix of one. */
export interface JobServices {
  /** Validates and stores. Resolves when the job is on disk. */
  submit(document: unknown, submitter: string): Promise<JobView>
  plan(document: unknown): Promise<PlanView>
  /** Newest first. */
  list(filter: {
    state?: string
    labels?: Record<string, string>
    after?: string
    limit: number
  }): Promise<JobView[]>
  /** With result and logs for a single job. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  describe(id: string): Promise<JobView>
  /** Resolves when the job has ended, or when the time is up: then its state is not terminal. */
  wait(id: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<JobView>
  /** By index, with results. */
  items(id: string, filter: { state?: string; after?: number; limit: number }): Promise<ItemView[]>
  attempts(
    id: string,
    filter: { item?: string; after?: number; limit: number }
  ): Promise<AttemptView[]>
  explain(id: string, which: { item?: string; attempt?: number }): Promise<DecisionRecord>
  stop(id: string, reason: string): Promise<JobView>
  /** The current state first, then each change. Resolves to what ends it. */
  watch(id: string, onEvent: (event: JobEvent) => void): Promise<() => void>
}

/** What the HTTP API needs of a router. */
export interface ApiServices {
  jobs: JobServices
  nodes: {
    list(filter: { require?: string[] }): Promise<NodeView[]>
    /** `peer` may be any unique prefix or suffix. @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS */
    describe(peer: string): Promise<NodeView>
  }
  peers: {
    list(): PeerView[]
    /** Each change from now on. Returns what ends it. */
    watch(onEvent: (event: PeerEvent) => void): () => void
  }
  reputation: {
    list(): ReputationView[]
    describe(peer: string): ReputationView
  }
  health(): HealthView
}

/** The little of a logger that the API uses; a pino logger fits. */
export interface ApiLogger {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
