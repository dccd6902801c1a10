/** A short visit to the mesh as a peer of one's own: comes, does one thing, leaves. */
import { checkAddress } from '../config/compile.ts'
import { givenSecret } from '../core/secret-file.ts'
import { homeOf } from './router-connection.ts'
import { systemClock } from '../core/clock.ts'
import type { Args } from './args.ts'
import type { MeshClient } from '../client/mesh-client.ts'
import type { Terminal } from './terminal.ts'
import type { Visit } from '../enrolment/visit.ts'

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
  const visit = await visitorOf(args)
  const mesh = await Client.connect({ bootstrap, visit, signal: terminal.signal })
  try {
    return await work(mesh)
  } finally {
    await mesh.close()
  }
}

/** Who a command is to the mesh: see `findVisit`. @throws MeshError CREDENTIAL_INVALID, IDENTITY_UNUSABLE */
export async function visitorOf(args: Args): Promise<Visit> {
  const { findVisit } = await import('../enrolment/visit.ts')
  const text = args.text('join')
  return await findVisit({
    home: homeOf(args),
    join: text === undefined ? undefined : givenSecret(text, args.sourceOf('join')),
    nowMs: systemClock.wallMs()
  })
}
