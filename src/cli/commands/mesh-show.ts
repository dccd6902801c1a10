/** `taskmesh mesh show`: which mesh this home belongs to, and who of it as what. */
import { EXIT } from '../exit-codes.ts'
import { bootstrapsIn, noAuthorityError } from '../home-mesh.ts'
import { homeOf } from '../router-connection.ts'
import { loadAuthority } from '../../membership/authority.ts'
import { minuteOf } from '../columns.ts'
import { nodesIn } from '../../enrolment/home-nodes.ts'
import { renderFacts, renderTable } from '../render.ts'
import { setting } from '../command.ts'
import type { CliCommand } from '../command.ts'
import type { Column } from '../render.ts'
import type { MemberRole } from '../../membership/documents.ts'

interface OwnNode {
  name: string
  peer_id: string
  role: MemberRole
  mesh: string
  expires_at_ms: number
  /** Of one that may let others in: until when. */
  issuer_until_ms: number | null
  labels: Readonly<Record<string, string>>
}

const COLUMNS: readonly Column<OwnNode>[] = [
  { title: 'folder', text: ({ name }) => name },
  { title: 'role', text: ({ role }) => role },
  { title: 'certificate until', text: ({ expires_at_ms: atMs }) => minuteOf(atMs) },
  {
    title: 'lets others in',
    text: ({ issuer_until_ms: atMs }) => (atMs === null ? 'no' : `until ${minuteOf(atMs)}`)
  },
  { title: 'peer id', text: ({ peer_id: peer }) => peer }
]

export const meshShowCommand: CliCommand = {
  words: 'mesh show',
  summary: 'show the mesh that this home belongs to, and who of it as what',
  flags: { home: setting('text', 'folder with the state of nodes [~/.taskmesh]') },
  examples: [['taskmesh mesh show', 'its id, and whether its authority is here']],
  run: async ({ args, output }) => {
    const home = homeOf(args)
    const authority = loadAuthority(home)
    const nodes = nodesIn(home).map(({ certificate, delegation, name }): OwnNode => ({
      name,
      peer_id: certificate.sub,
      role: certificate.role,
      mesh: certificate.iss,
      expires_at_ms: certificate.exp * 1_000,
      issuer_until_ms: delegation === undefined ? null : delegation.exp * 1_000,
      labels: certificate.labels ?? {}
    }))
    const meshes = [...new Set([authority?.meshId ?? [], nodes.map(({ mesh }) => mesh)].flat())]
    if (meshes.length === 0) throw noAuthorityError(home)
    const addresses = meshes.flatMap((mesh) =>
      bootstrapsIn(home, mesh).flatMap((bootstrap) => bootstrap.addresses)
    )
    const isPrivate = authority?.networkKey !== undefined
    const whole = { meshes, authority: authority !== undefined, private_network: isPrivate }
    output.value({ ...whole, bootstrap: addresses, nodes }, (style) =>
      [
        renderFacts(
          [
            ['mesh', meshes.map(style.bold).join('\n')],
            ['authority', authority === undefined ? 'elsewhere' : 'here'],
            ['bootstrap', addresses.join('\n') || 'none has run here']
          ],
          style
        ),
        ...(nodes.length === 0 ? [] : ['', renderTable(nodes, COLUMNS, style)])
      ].join('\n')
    )
    return EXIT.completed
  }
}
