/** Where a command that fetches files looks for the mesh: what its flags say, and the router that runs here, if one does. */
import { checkAddress } from '../../config/address.ts'
import { loadConfig } from '../../config/load.ts'
import { ApiClient } from '../../client/api-client.ts'
import { findRouter } from '../router-connection.ts'
import { plural } from '../render.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Args } from '../args.ts'
import type { HealthView } from '../../model/generated/api-health.ts'

export interface Contacts {
  namespace: string
  /** Of bootstraps and routers. */
  addresses: string[]
  /** The same for people. */
  places: string[]
}

/** One that runs here answers at once. */
const ROUTER_TIMEOUT_MS = 3_000

/** @throws MeshError FIELD_INVALID */
export async function findContacts(args: Args, options: AbortOptions): Promise<Contacts> {
  const bootstraps = args
    .list('bootstrap')
    .map((text) => checkAddress(text, args.sourceOf('bootstrap')))
  const router = await localRouter(args, options)
  const namespace = args.text('namespace') ?? router?.namespace ?? defaultNamespace()
  const places = [
    ...(bootstraps.length === 0 ? [] : [plural(bootstraps.length, 'bootstrap')]),
    ...(router === undefined ? [] : ['the router of this machine'])
  ]
  return {
    namespace,
    addresses: [...bootstraps, ...(router?.addresses ?? [])],
    places
  }
}

/** None is no failure: a link may say enough. */
async function localRouter(args: Args, { signal }: AbortOptions): Promise<HealthView | undefined> {
  const limit = AbortSignal.timeout(ROUTER_TIMEOUT_MS)
  try {
    const inTime = signal === undefined ? limit : AbortSignal.any([signal, limit])
    return await new ApiClient(findRouter(args)).health({ signal: inTime })
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}

function defaultNamespace(): string {
  return String(loadConfig('share', { flags: {}, env: {} }).values['namespace'])
}
