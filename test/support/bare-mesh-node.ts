/** The network floor alone, over real sockets on loopback: nothing above it that would refuse first. */
import { MeshNode } from '../../src/network/mesh-node.ts'
import { temporaryIdentity } from '../../src/network/identity.ts'
import type { MeshNodeInit } from '../../src/network/mesh-node.ts'

export interface BareNode {
  node: MeshNode
  address: string
}

/** Nodes of one test, stopped one after the other. */
export class BareNodes {
  readonly #nodes: MeshNode[] = []

  async add(init: Partial<MeshNodeInit> = {}): Promise<BareNode> {
    const node = await MeshNode.create({
      identity: await temporaryIdentity(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      isDhtServer: true,
      agent: 'test',
      ...init
    })
    await node.start()
    this.#nodes.push(node)
    return { node, address: node.addresses()[0] ?? '' }
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node.stop()
  }
}
