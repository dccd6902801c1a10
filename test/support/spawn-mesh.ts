/** Whole nodes in one process, joined by libp2p's memory transport: everything but sockets is real. */
import { memory } from '@libp2p/memory'
import { CommandBinding } from '../../src/protocol/command-binding.ts'
import { CommandServer } from '../../src/protocol/command-server.ts'
import { MeshNode } from '../../src/network/mesh-node.ts'
import { OPEN_ACCESS } from '../../src/protocol/access.ts'
import { SessionService } from '../../src/protocol/session-service.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startInOrder } from '../../src/core/startable.ts'
import { systemRandom } from '../../src/core/random.ts'
import { systemClock } from '../../src/core/clock.ts'
import { temporaryIdentity } from '../../src/network/identity.ts'
import type { Access } from '../../src/protocol/access.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { CommandBindingInit } from '../../src/protocol/command-binding.ts'
import type { CommandHandlers } from '../../src/protocol/command-server.ts'
import type { Logger } from '../../src/observe/logger.ts'
import type { Membership, MembershipComponents } from '../../src/enrolment/mesh-membership.ts'
import type { PeerLink } from '../../src/protocol/peer-link.ts'
import type { MeshNodeInit } from '../../src/network/mesh-node.ts'
import type { PrivateKey, Stream } from '@libp2p/interface'
import type { SessionServiceInit } from '../../src/protocol/session-service.ts'

export interface SpawnInit {
  /** @default everybody may call everything */
  access?: Access
  /** Makes it a member of a mesh with an authority, which then says who may call what. */
  enrol?: (components: MembershipComponents) => Membership
  clock?: Clock
  handlers?: CommandHandlers
  binding?: CommandBindingInit
  sessions?: SessionServiceInit
  isDhtServer?: boolean
  key?: PrivateKey
  /** What the node says of its load with each beat. */
  describeLoad?: (peer: string) => unknown
  /** TCP on loopback instead of memory. */
  isOverTcp?: boolean
  /** @default nothing is written */
  logger?: Logger
  /** What the protocols see of the node, where it is not the node as it is. */
  link?: (node: MeshNode) => PeerLink
  /** Where to listen; by default an address of its own. */
  listen?: string
  /** What it carries for others, and where it is reached by others' help. */
  reach?: MeshNodeInit['reach']
}

export interface SpawnedNode {
  node: MeshNode
  peer: string
  address: string
  key: PrivateKey
  server: CommandServer
  binding: CommandBinding
  sessions: SessionService
  access: Access
  stop: () => Promise<void>
}

let nodeCount = 0

export async function spawnNode(init: SpawnInit = {}): Promise<SpawnedNode> {
  const clock = init.clock ?? systemClock
  const key = init.key ?? (await temporaryIdentity())
  nodeCount += 1
  const listen = listenOf(init)
  const node = await MeshNode.create({
    identity: key,
    listen: [listen],
    isDhtServer: init.isDhtServer ?? false,
    agent: `test/${nodeCount}`,
    ...(init.reach === undefined ? {} : { reach: init.reach }),
    ...(listen.startsWith('/memory') ? { transports: [memory()] } : {})
  })
  const { logger = silentLogger } = init
  const own = { clock, key, logger, node, random: systemRandom, folder: undefined }
  const enrol =
    init.enrol ?? (() => ({ access: init.access ?? OPEN_ACCESS, handlers: {}, parts: [] }))
  const { access, handlers, parts } = enrol({
    ...own,
    binding: () => binding,
    sessions: () => sessions
  })
  const server = new CommandServer({
    access,
    selfPeer: node.selfPeer,
    role: 'test',
    logger
  })
  server.register({ ...init.handlers, ...handlers })
  const shared = { access, clock, link: init.link?.(node) ?? node, server }
  const describeLoad = init.describeLoad ?? (() => null)
  const sessions = new SessionService({ ...shared, agent: 'test', describeLoad }, init.sessions)
  const binding = new CommandBinding(shared, init.binding)
  const stop = await startInOrder([node, sessions, binding, ...parts])
  const [address] = node.addresses()
  if (address === undefined) throw new Error('the node listens nowhere')
  return { access, node, peer: node.selfPeer, address, key, server, binding, sessions, stop }
}

function listenOf({ isOverTcp = false, listen }: SpawnInit): string {
  return listen ?? (isOverTcp ? '/ip4/127.0.0.1/tcp/0' : `/memory/node-${nodeCount}`)
}

/** Nodes that are stopped one after the other: two ends that close at once wait for each other for a while. */
export class Mesh {
  readonly #nodes: SpawnedNode[] = []

  async add(init: SpawnInit = {}): Promise<SpawnedNode> {
    const node = await spawnNode(init)
    this.#nodes.push(node)
    return node
  }

  /** An asker and an answerer, connected. */
  async pair(
    init: SpawnInit = {},
    askerInit: SpawnInit = {}
  ): Promise<{ asker: SpawnedNode; answerer: SpawnedNode }> {
    const answerer = await this.add(init)
    const asker = await this.add(askerInit)
    await asker.node.dial(answerer.address)
    return { asker, answerer }
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node.stop()
  }
}

/** Sends bytes as they are and gives back all that comes until the other end closes. */
export async function exchangeBytes(stream: Stream, bytes: Uint8Array): Promise<string> {
  const answer = readAll(stream)
  if (bytes.byteLength > 0) stream.send(bytes)
  await stream.close()
  return await answer
}

/** All that comes on a stream until it ends, however it ends. */
export async function readAll(stream: Stream): Promise<string> {
  const chunks: Uint8Array[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.addEventListener('message', ({ data }) => chunks.push(data.subarray()))
  stream.addEventListener('end', () => resolve())
  stream.addEventListener('close', () => resolve())
  if (stream.readableEnded) resolve()
  await promise
  return Buffer.concat(chunks).toString('utf8')
}

/** Resolves as soon as `check` holds, looked at again with every turn of the event loop. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** What a promise is rejected with; for those whose failure is provoked only after they began. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (cause) {
    return cause
  }
  throw new Error('it did not fail')
}
