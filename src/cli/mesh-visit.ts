/** A short visit to the mesh as a peer of one's own: comes, does one thing, leaves. */
import { checkAddress } from '../config/compile.ts'
import type { Args } from './args.ts'
import type { MeshClient } from '../client/mesh-client.ts'
import type { Terminal } from './terminal.ts'

export async function visitMesh<T>(
  args: Args,
  terminal: Terminal,
  work: (mesh: MeshClient) => Promise<T>
): Promise<T> {
  const bootstrap = args
    .list('bootstrap')
    .map((text) => checkAddress(text, args.sourceOf('bootstrap')))
  // Imported only now: libp2p takes a while to load, and most commands need none of it.
  const { MeshClient: Client } = await import('../client/mesh-client.ts')
  const mesh = await Client.connect({ bootstrap, signal: terminal.signal })
  try {
    return await work(mesh)
  } finally {
    await mesh.close()
  }
}
