/** Every attack there is. */
import { CERTIFICATE_ATTACKS } from './attacks/certificates.ts'
import { COMMAND_ATTACKS } from './attacks/commands.ts'
import { DOOR_ATTACKS } from './attacks/doors.ts'
import { GOSSIP_ATTACKS } from './attacks/gossip.ts'
import { HTTP_ATTACKS } from './attacks/http.ts'
import { REACH_ATTACKS } from './attacks/reach.ts'
import { SESSION_ATTACKS } from './attacks/sessions.ts'
import { SOCKET_ATTACKS } from './attacks/sockets.ts'
import { STREAM_ATTACKS } from './attacks/streams.ts'
import { WORKER_ATTACKS } from './attacks/workers.ts'
import type { Attack } from './attack.ts'

export const ATTACKS: readonly Attack[] = [
  ...SOCKET_ATTACKS,
  ...STREAM_ATTACKS,
  ...CERTIFICATE_ATTACKS,
  ...COMMAND_ATTACKS,
  ...SESSION_ATTACKS,
  ...GOSSIP_ATTACKS,
  ...REACH_ATTACKS,
  ...WORKER_ATTACKS,
  ...HTTP_ATTACKS,
  ...DOOR_ATTACKS
]
