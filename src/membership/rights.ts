/**
 * Which role may call which command of which role, and do what at a router's API: the whole of it in two tables, which
 * `docs/security.md` shows. What does not stand here is forbidden.
 */
import type { CommandName } from '../model/generated/envelope.ts'
import type { MemberRole } from './documents.ts'
import type { TokenScope } from '../model/generated/api-token.ts'

/** Somebody who has shown no certificate is a stranger. */
export type Caller = MemberRole | 'stranger'

type Callers = readonly Caller[]
/** By the role of the node that is called; `any` for those that are not named. */
type Rights = Readonly<Partial<Record<MemberRole | 'any', Callers>>>

const MEMBERS: Callers = ['bootstrap', 'worker', 'router', 'monitor', 'client', 'share', 'operator']
const ANYONE: Callers = [...MEMBERS, 'stranger']
/** Those that have files, or come for them. */
const FILE_USERS: Callers = ['worker', 'router', 'share', 'client', 'operator']
/** Those that watch. */
const WATCHERS: Callers = ['worker', 'router', 'monitor', 'client', 'operator']
const ROUTERS: Callers = ['router']

export const RIGHTS: Readonly<Record<CommandName, Rights>> = {
  INTRODUCE: { any: ANYONE },
  JOIN_MESH: { any: ANYONE },
  SYNC_NOTICES: { any: MEMBERS },
  SEND_MESSAGE: { any: MEMBERS },
  LIST_RECIPES: { router: ROUTERS },
  LIST_MEMBERS: { any: ['operator', 'monitor'] },
  DECIDE_MEMBER: { any: ['operator'] },
  GET_CAPABILITIES: { any: MEMBERS },
  EXECUTE_TASK: { worker: ROUTERS, router: ['client', 'operator'] },
  ATTACH_TASK: { worker: ROUTERS },
  STOP_TASK: { worker: ROUTERS },
  RELEASE_TASKS: { worker: ROUTERS },
  SET_AVAILABILITY: { worker: ROUTERS },
  REPORT_TASK: { router: ['worker'] },
  GET_REPUTATION: { any: WATCHERS },
  UPDATE_REPUTATION: { any: ROUTERS },
  GET_IDLE_REASONS: { any: WATCHERS },
  GET_LINKS: { any: ['router', 'monitor', 'client', 'operator'] },
  FIND_NODES: { any: [...FILE_USERS, 'monitor'] },
  LIST_FILES: { any: [...FILE_USERS, 'monitor'] },
  GET_FILE_METADATA: { any: FILE_USERS },
  REQUEST_PIECE: { any: FILE_USERS }
}

export function mayCall(caller: Caller, command: CommandName, served: MemberRole): boolean {
  const rights = RIGHTS[command]
  return (rights[served] ?? rights.any ?? []).includes(caller)
}

/** What a member may do at the API of a router without a token, when it comes by libp2p. */
const API_SCOPES: Readonly<Partial<Record<MemberRole, TokenScope>>> = {
  operator: 'operate',
  client: 'submit',
  router: 'read',
  monitor: 'read'
}

/** Of a mesh that takes anyone: as much as commands let them do there. */
const OPEN_API_SCOPE: TokenScope = 'submit'

/**
 * @param role undefined where nobody has one
 * @returns undefined for those who may do nothing there
 */
export function apiScopeOf(role: MemberRole | undefined): TokenScope | undefined {
  return role === undefined ? OPEN_API_SCOPE : API_SCOPES[role]
}
