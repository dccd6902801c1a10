/** Commands that every node answers alike: those about itself as a machine, and the refusal of hearsay. */
import { AGENT } from '../core/version.ts'
import { MeshError } from '../core/errors.ts'
import { nobodyListens } from '../messages/inbox.ts'
import { lowerBound, shownShare } from '../reputation/score.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { GetCapabilitiesResult } from '../model/generated/commands-get-capabilities.ts'
import type { NodeCore } from './node-core.ts'
import type { ReadyReport } from './role.ts'

/** What any node says of itself to GET_CAPABILITIES; a worker adds to it. */
export function describeSelf(
  core: Pick<NodeCore, 'host' | 'tracker'>,
  asker: { role: ReadyReport['role']; namespace: string; peer: string }
): GetCapabilitiesResult {
  const latencyMs = core.tracker.latencyOf(asker.peer)
  return {
    ...core.host.snapshot().capabilities,
    latency_ms: latencyMs ?? 0,
    // Nobody's word on itself counts: it is what a stranger starts with.
    reputation: shownShare(lowerBound({ good: 0, bad: 0 })),
    role: asker.role,
    namespace: asker.namespace,
    agent: AGENT
  }
}

/** Of a node without files; and a claim without proof is not heard. */
export const commonHandlers: CommandHandlers = {
  LIST_FILES: () => ({ result: { files: [] } }),
  GET_FILE_METADATA: ({ file_hash: hash }) => {
    throw new MeshError('FILE_NOT_FOUND', `no file ${hash} is offered here`, {
      path: 'params.file_hash'
    })
  },
  REQUEST_PIECE: ({ file_hash: hash }) => {
    throw new MeshError('FILE_NOT_FOUND', `no file ${hash} is offered here`, {
      path: 'params.file_hash'
    })
  },
  SEND_MESSAGE: () => {
    throw nobodyListens()
  },
  UPDATE_REPUTATION: () => {
    throw new MeshError('PROOF_REQUIRED', 'only routers count what others have seen of a worker', {
      path: 'params.proof',
      hint: 'each router judges workers by what it has itself seen of them'
    })
  }
}
