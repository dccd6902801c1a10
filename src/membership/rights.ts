/**
 * Which role may call which command of which role: the whole of it in one table, which `docs/security.md` shows.
 * What does not stand here is forbidden.
 */
import type { CommandName } from '../model/generated/envelope.ts'
import type { MemberRole } from './documents.ts'

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
  FIND_NODES: { any: [...FILE_USERS, 'monitor'] },
  LIST_FILES: { any: [...FILE_USERS, 'monitor'] },
  GET_FILE_METADATA: { any: FILE_USERS },
  REQUEST_PIECE: { any: FILE_USERS }
}

export function mayCall(caller: Caller, command: CommandName, served: MemberRole): boolean {
  const rights = RIGHTS[command]
  return (rights[served] ?? rights.any ?? []).includes(caller)
}
