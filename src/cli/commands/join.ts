/** `taskmesh join`: this home becomes a client or an operator of a mesh, and its commands visit the mesh as that. */
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { TOKEN_POSITIONAL, readTokenText } from '../token-text.ts'
import { authorityFolder, hasAuthority } from '../../membership/authority.ts'
import { bootstrapsNamed } from '../mesh-visit.ts'
import { certificateOf, loadMembership } from '../../membership/own-membership.ts'
import { createLogger } from '../../observe/logger.ts'
import { homeOf } from '../router-connection.ts'
import { minuteOf } from '../columns.ts'
import { setting } from '../command.ts'
import { systemClock } from '../../core/clock.ts'
import type { CliCommand } from '../command.ts'
import type { Output } from '../output.ts'

export const joinCommand: CliCommand = {
  words: 'join',
  summary: 'make this home a client, or an operator, of a mesh',
  positionals: [TOKEN_POSITIONAL],
  flags: {
    bootstrap: setting('list', 'where the mesh is found, beside what the token says (repeatable)'),
    home: setting('text', 'folder with the state of nodes [~/.taskmesh]')
  },
  examples: [
    ['taskmesh join @token', 'then: taskmesh node list --members, files get, dial, peers']
  ],
  notes: [
    'Nodes join by themselves: taskmesh worker --join TOKEN. Jobs are handed in to a router, which need not be joined',
    'for that. While the mesh cannot be reached, or an operator has to approve, it goes on trying.'
  ].join(' '),
  run: async ({ args, output, terminal }) => {
    const home = homeOf(args)
    const join = await readTokenText(args, terminal)
    refuseAuthority(home)
    const { findVisit, visitorFolder } = await import('../../enrolment/visit.ts')
    const { MeshClient } = await import('../../client/mesh-client.ts')
    const bootstrap = bootstrapsNamed(args)
    const visit = await findVisit({ home, join, bootstrap, nowMs: systemClock.wallMs() })
    const logger = createLogger({
      level: 'warn',
      format: 'json',
      write: (line) => tell(line, output)
    })
    const { signal } = terminal
    const mesh = await MeshClient.connect({ bootstrap, visit, signal, logger, isPatient: true })
    await mesh.close()
    const kept = loadMembership(visitorFolder(home))
    if (kept === undefined) throw new MeshError('INTERNAL', 'nothing was kept of the membership')
    const { exp, iss, role, sub } = certificateOf(kept)
    const joined = { mesh: iss, role, peer_id: sub, expires_at_ms: exp * 1_000 }
    output.value(joined, () => `${role} ${sub} of ${iss}, until ${minuteOf(exp * 1_000)}`)
    return EXIT.completed
  }
}

function refuseAuthority(home: string): void {
  if (!hasAuthority(home)) return
  throw new MeshError('KEY_CONFLICT', `an authority is in ${authorityFolder(home)}`, {
    hint: 'the commands of this home are an operator of its mesh already; join another mesh with another --home'
  })
}

/** What keeps it waiting, as a person reads it. */
function tell(line: string, output: Output): void {
  const { hint, msg, why } = JSON.parse(line) as Readonly<Record<string, string | undefined>>
  output.note([msg, hint ?? why].filter((part) => part !== undefined).join(': '))
}
