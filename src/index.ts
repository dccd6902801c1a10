/** What programs get from `import … from 'taskmesh'`: clients, nodes to embed, and the shapes they speak in. */
export { ApiClient } from './client/api-client.ts'
export { MeshClient } from './client/mesh-client.ts'
export { MeshError } from './core/errors.ts'
export { Recipes } from './client/recipes.ts'
export { createWorker } from './roles/create-worker.ts'
export { defineFunction } from './executors/function/definitions.ts'
export { openProof } from './receipts/proof.ts'
export { startBootstrap } from './roles/bootstrap.ts'
export { startRouter } from './roles/router.ts'
export { startWorker } from './roles/worker.ts'
export { createLogger, silentLogger } from './observe/logger.ts'
export type { AttemptView, HistoryRow, ItemView, JobView } from './model/generated/api-job.ts'
export type { BootstrapSettings, RouterSettings, WorkerSettings } from './config/settings.ts'
export type { CapabilityRecord } from './model/generated/capability-record.ts'
export type { CommandName, Params, Result } from './protocol/commands.ts'
export type { CreateWorkerInit, EmbeddedWorker } from './roles/create-worker.ts'
export type { DecisionRecord } from './model/generated/decision.ts'
export type { ErrorCode, ErrorData } from './core/errors.ts'
export type {
  FunctionContext,
  FunctionDefinition,
  FunctionDefinitions,
  FunctionOptions,
  InlineFunction,
  ModuleFunction,
  TaskFunction
} from './executors/function/definitions.ts'
export type { FunctionBlame, FunctionErrorWords } from './executors/function/function-fault.ts'
export type { FunctionEvent, FunctionEventListener } from './executors/function/function-event.ts'
export type { InputOf } from './executors/function/input-type.ts'
export type { Isolation } from './model/isolation.ts'
export type { JobDocument } from './model/job.ts'
export type { JobGraphDocument } from './model/generated/job-graph.ts'
export type { LogView } from './model/generated/api-log.ts'
export type { MeshEvent } from './model/generated/api-event.ts'
export type { NodeView } from './model/generated/api-node.ts'
export type { ReceiptView } from './model/generated/api-receipt.ts'
export type { RunningNode } from './roles/role.ts'
export type { DialReport } from './client/dial-report.ts'
export type { EventOptions, Submission, SubmitOptions } from './client/api-client.ts'
export type { FileContent, PutOptions } from './client/mesh-files.ts'
export type { MapOptions, MapSource, Mapped } from './client/map-items.ts'
export type { MeshClientInit } from './client/mesh-client.ts'
export type { ReputationView } from './model/generated/api-reputation.ts'
export type { DirectMessage, MessageHandler } from './messages/inbox.ts'
export type { HeardMessage } from './messages/topic-message.ts'
export type { Published, TopicView } from './messages/topics.ts'
export type { RecipeFile } from './model/recipe.ts'
