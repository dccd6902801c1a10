/** The commands that a router answers besides those of every node. */
import { MeshError } from '../core/errors.ts'
import { jobOf } from '../execution/task-types.ts'
import { commonHandlers } from './common-commands.ts'
import { readFileId } from '../model/file-id.ts'
import { shownShare } from '../reputation/score.ts'
import type { CommandAnswer, CommandContext, CommandHandlers } from '../protocol/command-server.ts'
import type {
  ExecuteTaskParams,
  ExecuteTaskResult
} from '../model/generated/commands-execute-task.ts'
import type { IdleSurvey } from '../discovery/idle-survey.ts'
import type { Executed, JobExecution } from '../dispatch/intake/job-execution.ts'
import type { ExperienceExchange } from '../discovery/experience-exchange.ts'
import type { FileSources } from '../discovery/file-sources.ts'
import type { FindNodesParams, FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type { FinishedItem } from '../dispatch/job-steps.ts'
import type { GetReputationResult } from '../model/generated/commands-get-reputation.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { Json } from '../core/json.ts'
import type { NodeViews } from '../discovery/node-views.ts'
import type { Reputation } from '../reputation/reputation.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'
import type { TaskNews } from '../dispatch/task-news.ts'

export interface RouterCommandComponents {
  idle: Pick<IdleSurvey, 'own'>
  selfPeer: string
  /** Milliseconds since 1970. */
  nowMs: () => number
  execution: JobExecution
  taskNews: TaskNews
  nodes: NodeViews
  reputation: ReputationKeeper
  experience: Pick<ExperienceExchange, 'own' | 'take'>
  /** Who has which files. */
  sources: FileSources
}

export function routerHandlers(components: RouterCommandComponents): CommandHandlers {
  const { experience, idle, reputation, selfPeer, taskNews } = components
  return {
    ...commonHandlers,
    EXECUTE_TASK: async (params, context) => await route(components, params, context),
    REPORT_TASK: async (news, { remotePeer }) => ({
      result: await taskNews.report(remotePeer, news)
    }),
    FIND_NODES: async (params) => ({ result: await findNodes(components, params) }),
    GET_REPUTATION: async ({ target_peer: target = selfPeer, experience: isAsked = false }) => ({
      result: {
        ...toResult(target, reputation.of(target)),
        ...(isAsked ? { experience: await experience.own() } : {})
      }
    }),
    GET_IDLE_REASONS: (params) => ({ result: idle.own(params) }),
    UPDATE_REPUTATION: async ({ proof }, { remotePeer }) => ({
      result: { accepted: await experience.take(remotePeer, proof) }
    })
  }
}

/** Who asks after a file is told of all who have it, workers or not. */
async function findNodes(
  { nodes, sources }: RouterCommandComponents,
  params: FindNodesParams
): Promise<FindNodesResult> {
  const found = nodes.find(params)
  if (params.file_hash === undefined) return found
  const fileId = readFileId(params.file_hash, 'params.file_hash')
  return { ...found, holders: await sources.holdersOf([fileId]) }
}

/** Routes a task and answers when it has ended. */
async function route(
  { execution, nowMs }: RouterCommandComponents,
  params: ExecuteTaskParams,
  context: CommandContext
): Promise<CommandAnswer<'EXECUTE_TASK'>> {
  if (params.auto_route !== true && context.isAddressed) {
    throw new MeshError('FIELD_INVALID', 'a router runs no tasks itself', {
      path: 'params.auto_route',
      hint: 'set auto_route to true and it finds a worker, or address a worker'
    })
  }
  const document = jobOf(params, nowMs())
  if (Object.hasOwn(document, 'schedule')) {
    throw new MeshError('FIELD_INVALID', 'a scheduled job has no result to wait for', {
      path: 'params.task_data.schedule',
      hint: 'submit it through the API or with `taskmesh job run --detach`'
    })
  }
  const { remotePeer, signal, trace } = context
  const executed = await execution.execute(document, remotePeer, { signal, trace })
  const { each, ops } = executed.job.spec
  return each === true || ops === 'every' ? answerArray(executed) : answerOne(executed)
}

function answerOne({ items, job, logs }: Executed): CommandAnswer<'EXECUTE_TASK'> {
  const finished = items[0] as FinishedItem
  const { item, output } = finished
  const worker = item.workerId ?? item.reusedFrom?.workerId ?? null
  const result = {
    job_id: job.id,
    attempts: Math.max(1, item.attemptCount),
    logs,
    ...(worker === null ? {} : { worker }),
    ...filesOf(item)
  }
  // A result that is a file has that in its place.
  if (item.state === 'completed') return { result, ...(output === null ? {} : { bulk: output }) }
  return {
    result,
    error: MeshError.fromData(item.error ?? { message: `the task was ${item.state}` })
  }
}

function filesOf({
  outputFile,
  outputs
}: ItemRecord): Pick<ExecuteTaskResult, 'outputs' | 'output_file'> {
  return {
    ...(outputs === null ? {} : { outputs: outputs.map((file) => ({ ...file })) }),
    ...(outputFile === null ? {} : { output_file: { ...outputFile } })
  }
}

function answerArray({ items, job }: Executed): CommandAnswer<'EXECUTE_TASK'> {
  // Of `ops: every` that ended before it was known on which workers.
  if (items.length === 0 && job.error !== null) throw MeshError.fromData(job.error)
  const views = items
    .toSorted((left, right) => left.item.index - right.item.index)
    .map(({ item, output }) => ({
      id: item.id,
      state: item.state,
      ...(output === null ? {} : { output: JSON.parse(output) as Json }),
      ...(item.error === null ? {} : { error: { ...item.error } }),
      ...filesOf(item)
    }))
  return {
    result: { job_id: job.id, attempts: Math.max(1, job.attemptCount), items: views },
    bulk: JSON.stringify(views.map((view) => view.output ?? null))
  }
}

function toResult(target: string, reputation: Reputation): GetReputationResult {
  return {
    target_peer: target,
    reputation: shownShare(reputation.reputation),
    total_requests: reputation.evidenceCount,
    successful_requests: reputation.successCount,
    failed_requests: reputation.failureCount,
    average_latency_ms: reputation.averageLatencyMs ?? 0
  }
}
