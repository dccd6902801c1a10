/** `taskmesh files add`: puts files and folders of this machine into the mesh. */
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { addPaths } from '../upload/add-files.ts'
import { connectToRouter } from '../router-connection.ts'
import { formatBytes } from '../../core/units.ts'
import type { CliCommand } from '../command.ts'

export const filesAddCommand: CliCommand = {
  words: 'files add',
  summary: 'put files and folders into the mesh; they stay at the router until they are removed',
  positionals: [{ name: 'path', describe: 'files and folders of this machine', isList: true }],
  flags: {
    'no-pin': flag('switch', 'they may go when the router needs the room'),
    until: flag('text', 'they stay until then: 30d, or 2027-12-24T18:00:00Z [until removed]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh files add data.csv', 'prints its id, and a link that works on other machines'],
    ['taskmesh files add photos --until 30d', 'a folder with all that is in it']
  ],
  notes:
    'What the router has is not sent again: started anew after a break, it goes on where it stopped.',
  run: async (context) => {
    const { args, output, terminal } = context
    const until = args.text('until')
    const keep = { pin: !args.has('no-pin'), ...(until === undefined ? {} : { until }) }
    const client = connectToRouter(args)
    const { trees } = await addPaths(client, args.positionalList('path'), keep, context)
    const added: object[] = []
    for (const { files, id, kind, name, path, sizeBytes } of trees) {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      const { link = '' } = await client.file(id, { signal: terminal.signal })
      const fileCount = kind === 'folder' ? files.length - 1 : 1
      added.push({ id, name, kind, size: sizeBytes, files: fileCount, path, link })
      if (!output.isForPrograms) {
        output.line(printable(`${id}  ${name}  ${formatBytes(sizeBytes)}`))
        output.line(printable(link))
      }
    }
    if (output.isForPrograms) output.rows(added, [], '')
    return EXIT.completed
  }
}
