/** What every route is given. */
import type { Clock } from '../../core/clock.ts'
import type { EventStreams } from '../event-stream.ts'
import type { ApiServices } from '../services.ts'

export interface RouteContext {
  services: ApiServices
  streams: EventStreams
  clock: Clock
  /** Aborted when the server stops: whoever waits stops waiting. */
  stopping: AbortSignal
  /** Of any body; operations have limits of their own besides. */
  bodyBytesMax: number
}
