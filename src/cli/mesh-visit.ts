/** A short visit to the mesh as a peer of one's own: comes, does one thing, leaves. */
import { checkAddress } from '../config/address.ts'
import { expandHome } from '../config/compile.ts'
import { givenSecret } from '../core/secret-file.ts'
import { homeOf } from './router-connection.ts'
import { systemClock } from '../core/clock.ts'
import type { Args } from './args.ts'
import type { MeshClient, MeshClientInit } from '../client/mesh-client.ts'
import type { Terminal } from './terminal.ts'
import type { Visit } from '../enrolment/visit.ts'

export async function visitMesh<T>(
  args: Args,
  terminal: Terminal,
  work: (mesh: MeshClient) => Promise<T>
): Promise<T> {
  const bootstrap = bootstrapsNamed(args)
  const networkKeyFile = networkKeyNamed(args)
  return await enterMesh(
    { bootstrap, networkKeyFile, visit: await visitorOf(args), ...terminal },
    work
  )
}

/** The same by a way, and as somebody, that the caller knows. */
export async function enterMesh<T>(
  init: Omit<MeshClientInit, 'logger'>,
  work: (mesh: MeshClient) => Promise<T>
): Promise<T> {
  // Imported only now: libp2p takes a while to load, and most commands need none of it.
  const { MeshClient: Client } = await import('../client/mesh-client.ts')
  const mesh = await Client.connect(init)
  try {
    return await work(mesh)
  } finally {
    await mesh.close()
  }
}

/** Those of `--bootstrap`. @throws MeshError FIELD_INVALID */
export function bootstrapsNamed(args: Args): string[] {
  return args.list('bootstrap').map((text) => checkAddress(text, args.sourceOf('bootstrap')))
}

/** The file of `--network-key`. */
export function networkKeyNamed(args: Args): string | undefined {
  const file = args.text('network-key')
  return file === undefined ? undefined : expandHome(file)
}

/** Who a command is to the mesh: see `findVisit`. @throws MeshError CREDENTIAL_INVALID, IDENTITY_UNUSABLE */
export async function visitorOf(args: Args): Promise<Visit> {
  const { findVisit } = await import('../enrolment/visit.ts')
  const text = args.text('join')
  return await findVisit({
    home: homeOf(args),
    bootstrap: bootstrapsNamed(args),
    join: text === undefined ? undefined : givenSecret(text, args.sourceOf('join')),
    nowMs: systemClock.wallMs()
  })
}
