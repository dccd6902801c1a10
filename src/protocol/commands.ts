/** The commands: their names, the shapes of their parameters and results, and which field of each is bulk. */
import { validatorFor } from '../model/validate.ts'
import type { Validator } from '../model/validate.ts'
import type { CommandName } from '../model/generated/envelope.ts'
import type { AttachTaskParams, AttachTaskResult } from '../model/generated/commands-attach-task.ts'
import type {
  DecideMemberParams,
  DecideMemberResult
} from '../model/generated/commands-decide-member.ts'
import type {
  ExecuteTaskParams,
  ExecuteTaskResult
} from '../model/generated/commands-execute-task.ts'
import type { FindNodesParams, FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type {
  GetCapabilitiesParams,
  GetCapabilitiesResult
} from '../model/generated/commands-get-capabilities.ts'
import type {
  GetFileMetadataParams,
  GetFileMetadataResult
} from '../model/generated/commands-get-file-metadata.ts'
import type {
  GetIdleReasonsParams,
  GetIdleReasonsResult
} from '../model/generated/commands-get-idle-reasons.ts'
import type { GetLinksParams, GetLinksResult } from '../model/generated/commands-get-links.ts'
import type {
  GetReputationParams,
  GetReputationResult
} from '../model/generated/commands-get-reputation.ts'
import type { IntroduceParams, IntroduceResult } from '../model/generated/commands-introduce.ts'
import type { JoinMeshParams, JoinMeshResult } from '../model/generated/commands-join-mesh.ts'
import type { ListFilesParams, ListFilesResult } from '../model/generated/commands-list-files.ts'
import type {
  ListRecipesParams,
  ListRecipesResult
} from '../model/generated/commands-list-recipes.ts'
import type {
  ListMembersParams,
  ListMembersResult
} from '../model/generated/commands-list-members.ts'
import type {
  ReleaseTasksParams,
  ReleaseTasksResult
} from '../model/generated/commands-release-tasks.ts'
import type { ReportTaskParams, ReportTaskResult } from '../model/generated/commands-report-task.ts'
import type {
  RequestPieceParams,
  RequestPieceResult
} from '../model/generated/commands-request-piece.ts'
import type {
  SendMessageParams,
  SendMessageResult
} from '../model/generated/commands-send-message.ts'
import type {
  SetAvailabilityParams,
  SetAvailabilityResult
} from '../model/generated/commands-set-availability.ts'
import type { StopTaskParams, StopTaskResult } from '../model/generated/commands-stop-task.ts'
import type {
  SyncNoticesParams,
  SyncNoticesResult
} from '../model/generated/commands-sync-notices.ts'
import type {
  UpdateReputationParams,
  UpdateReputationResult
} from '../model/generated/commands-update-reputation.ts'

export type { CommandName }

/** Parameters and result of each command. */
export interface CommandTypes {
  GET_CAPABILITIES: { params: GetCapabilitiesParams; result: GetCapabilitiesResult }
  EXECUTE_TASK: { params: ExecuteTaskParams; result: ExecuteTaskResult }
  ATTACH_TASK: { params: AttachTaskParams; result: AttachTaskResult }
  STOP_TASK: { params: StopTaskParams; result: StopTaskResult }
  RELEASE_TASKS: { params: ReleaseTasksParams; result: ReleaseTasksResult }
  REPORT_TASK: { params: ReportTaskParams; result: ReportTaskResult }
  SET_AVAILABILITY: { params: SetAvailabilityParams; result: SetAvailabilityResult }
  GET_REPUTATION: { params: GetReputationParams; result: GetReputationResult }
  UPDATE_REPUTATION: { params: UpdateReputationParams; result: UpdateReputationResult }
  GET_IDLE_REASONS: { params: GetIdleReasonsParams; result: GetIdleReasonsResult }
  GET_LINKS: { params: GetLinksParams; result: GetLinksResult }
  FIND_NODES: { params: FindNodesParams; result: FindNodesResult }
  LIST_FILES: { params: ListFilesParams; result: ListFilesResult }
  GET_FILE_METADATA: { params: GetFileMetadataParams; result: GetFileMetadataResult }
  REQUEST_PIECE: { params: RequestPieceParams; result: RequestPieceResult }
  INTRODUCE: { params: IntroduceParams; result: IntroduceResult }
  JOIN_MESH: { params: JoinMeshParams; result: JoinMeshResult }
  SEND_MESSAGE: { params: SendMessageParams; result: SendMessageResult }
  LIST_RECIPES: { params: ListRecipesParams; result: ListRecipesResult }
  SYNC_NOTICES: { params: SyncNoticesParams; result: SyncNoticesResult }
  LIST_MEMBERS: { params: ListMembersParams; result: ListMembersResult }
  DECIDE_MEMBER: { params: DecideMemberParams; result: DecideMemberResult }
}

export type Params<C extends CommandName> = CommandTypes[C]['params']
export type Result<C extends CommandName> = CommandTypes[C]['result']

/**
 * The one field that may be large. A session carries it beside the envelope as opaque bytes, so that
 * whoever only passes it on need not decode it; the JSON binding carries it in place.
 */
interface BulkFields {
  params?: string
  result?: string
}

interface CommandSpec<C extends CommandName> {
  checkParams: Validator<Params<C>>
  checkResult: Validator<Result<C>>
  bulk: BulkFields
}

function spec<C extends CommandName>(file: string, bulk: BulkFields = {}): CommandSpec<C> {
  return {
    checkParams: validatorFor(`commands/${file}#/$defs/params`, 'params'),
    checkResult: validatorFor(`commands/${file}#/$defs/result`, 'result'),
    bulk
  }
}

export const COMMANDS: { readonly [C in CommandName]: CommandSpec<C> } = {
  GET_CAPABILITIES: spec('get-capabilities'),
  EXECUTE_TASK: spec('execute-task', { params: 'task_data', result: 'output' }),
  ATTACH_TASK: spec('attach-task', { result: 'output' }),
  STOP_TASK: spec('stop-task'),
  RELEASE_TASKS: spec('release-tasks'),
  REPORT_TASK: spec('report-task'),
  SET_AVAILABILITY: spec('set-availability'),
  GET_REPUTATION: spec('get-reputation'),
  UPDATE_REPUTATION: spec('update-reputation'),
  GET_IDLE_REASONS: spec('get-idle-reasons'),
  GET_LINKS: spec('get-links'),
  FIND_NODES: spec('find-nodes'),
  LIST_FILES: spec('list-files'),
  GET_FILE_METADATA: spec('get-file-metadata'),
  REQUEST_PIECE: spec('request-piece', { result: 'data' }),
  INTRODUCE: spec('introduce'),
  JOIN_MESH: spec('join-mesh'),
  SEND_MESSAGE: spec('send-message'),
  LIST_RECIPES: spec('list-recipes'),
  SYNC_NOTICES: spec('sync-notices'),
  LIST_MEMBERS: spec('list-members'),
  DECIDE_MEMBER: spec('decide-member')
}

export const COMMAND_NAMES: readonly CommandName[] = Object.keys(COMMANDS) as CommandName[]

export function isCommandName(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(COMMANDS, name)
}
