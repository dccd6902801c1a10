/** What every route is given; `K` are the services that it needs. */
import type { Clock } from '../../core/clock.ts'
import type { EventStreams } from '../event-stream.ts'
import type { Operation } from '../operation.ts'
import type { ApiServices } from '../services.ts'

export interface RouteContext<K extends keyof ApiServices = never> {
  services: Pick<ApiServices, K>
  streams: EventStreams
  clock: Clock
  /** Aborted when the server stops: whoever waits stops waiting. */
  stopping: AbortSignal
  /** Of any body; operations have limits of their own besides. */
  bodyBytesMax: number
  /** Those that this node has. */
  operations: ReadonlySet<Operation>
}
