/** A node with both bindings and nothing else: no discovery, no jobs. */
import { AGENT } from '../../../src/core/version.ts'
import { CommandBinding } from '../../../src/protocol/command-binding.ts'
import { CommandServer } from '../../../src/protocol/command-server.ts'
import { MeshNode } from '../../../src/network/mesh-node.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { SessionService } from '../../../src/protocol/session-service.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { startInOrder } from '../../../src/core/startable.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'

export interface BareNode {
  node: MeshNode
  server: CommandServer
  sessions: SessionService
  binding: CommandBinding
}

export async function startBareNode(listen: readonly string[]): Promise<BareNode> {
  const identity = await temporaryIdentity()
  const node = await MeshNode.create({ identity, listen, isDhtServer: false, agent: AGENT })
  const server = new CommandServer({
    access: OPEN_ACCESS,
    selfPeer: node.selfPeer,
    role: 'bench',
    logger: silentLogger
  })
  const linked = { access: OPEN_ACCESS, clock: systemClock, link: node, server }
  const sessions = new SessionService({ ...linked, agent: AGENT, describeLoad: () => null })
  const binding = new CommandBinding(linked)
  await startInOrder([node, sessions, binding])
  return { node, server, sessions, binding }
}
