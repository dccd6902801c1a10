/** `taskmesh init`: makes a mesh, which is the key of its authority. */
import { randomBytes } from 'node:crypto'
import { flag, setting } from '../command.ts'
import { authorityFolder, createAuthority } from '../../membership/authority.ts'
import { EXIT } from '../exit-codes.ts'
import { homeOf } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

const NETWORK_KEY_BYTES = 32

export const initCommand: CliCommand = {
  words: 'init',
  summary: 'make a mesh of your own: the key of its authority, which says who belongs to it',
  flags: {
    'network-key': flag('switch', 'make it a private network, too: no connection without its key'),
    home: setting('text', 'folder with the state of nodes [~/.taskmesh]')
  },
  examples: [['taskmesh init', 'then: taskmesh bootstrap, taskmesh token create']],
  notes: [
    'The nodes that are started in the same home belong to the mesh at once; all others need a join token. Whoever has',
    'the key is the mesh: keep a copy of its folder in a safe place. It may lie on a machine where no node runs.'
  ].join(' '),
  run: async ({ args, output }) => {
    const home = homeOf(args)
    const isPrivate = args.has('network-key')
    const networkKey = isPrivate ? randomBytes(NETWORK_KEY_BYTES).toString('hex') : undefined
    const { meshId } = createAuthority(home, networkKey)
    const folder = authorityFolder(home)
    output.value({ mesh: meshId, folder, private_network: isPrivate }, () => meshId)
    output.note(
      [
        `its authority is in ${folder}: keep a copy, and keep it from others`,
        'next:',
        '  taskmesh bootstrap --listen /ip4/0.0.0.0/tcp/51820   here, if others can reach this machine',
        '  taskmesh token create --role worker                  once it runs, for a server that shall work',
        '  taskmesh worker --join TOKEN                         there'
      ].join('\n')
    )
    return EXIT.completed
  }
}
