/** `taskmesh share`: a node that offers folders of this machine to the mesh, until it is told to stop. */
import { MeshError } from '../../core/errors.ts'
import { ROLE_NOTES, roleFlags, runNode } from './roles.ts'
import { SharingNews } from '../sharing-news.ts'
import { flag } from '../command.ts'
import type { CliCommand } from '../command.ts'

export const shareCommand: CliCommand = {
  words: 'share',
  summary: 'offer folders of this machine to the mesh',
  positionals: [
    { name: 'dir', describe: 'folders whose files are offered', isList: true, isOptional: true }
  ],
  flags: {
    'print-links': flag('switch', 'print the link of each file (--json always does)'),
    ...roleFlags('share')
  },
  examples: [
    ['taskmesh share photos --bootstrap /ip4/127.0.0.1/tcp/51820', 'on this machine'],
    [
      'taskmesh share photos films --listen /ip4/0.0.0.0/tcp/0 --limit-rate-up 5MiB',
      'for other machines, at a moderate pace'
    ]
  ],
  notes: `Files stay where they are and are hashed once; what changes is noticed. What is no longer named at the next start is no longer offered. ${ROLE_NOTES}`,
  run: async (context) => {
    const { args, output } = context
    const folders = [...args.positionalList('dir'), ...args.list('share-dir')]
    const given = folders.length === 0 ? args.texts : { ...args.texts, 'share-dir': folders }
    const hasLinks = args.has('print-links') || output.isForPrograms
    const news = new SharingNews(output, { hasLinks })
    // libp2p takes a while to load.
    const { startShare } = await import('../../roles/share.ts')
    return await runNode('share', context, {
      given,
      start: async (settings, logger) => {
        if (settings.files.shareFolders.length === 0) throw noFolder()
        return await startShare(settings, logger, {
          onProgress: (progress, folder) => news.onProgress(progress, folder),
          onScanned: (report, folder) => news.onScanned(report, folder)
        })
      },
      onReady: (node) => news.begin(node)
    })
  }
}

function noFolder(): MeshError {
  return new MeshError('FIELD_MISSING', 'no folder is named that is to be shared', {
    path: 'dir',
    hint: 'name one or more: taskmesh share DIR'
  })
}
