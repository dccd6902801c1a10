/** The files of a router: its own, as every node has them, and the catalogue of all that the namespace offers. */
import { FILE_PRESENCE } from '../discovery/presence-kind.ts'
import { FileCatalogue } from '../discovery/file-catalogue.ts'
import { FileFollower } from '../discovery/file-follower.ts'
import { FileSources } from '../discovery/file-sources.ts'
import { KeySearch } from '../discovery/key-search.ts'
import { OwnFiles } from '../discovery/own-files.ts'
import { PresenceListener } from '../discovery/presence-listener.ts'
import { createNodeFiles } from './node-files.ts'
import { fileNodesKey, routersKey } from '../protocol/ids.ts'
import type { NodeChange } from '../discovery/node-news.ts'
import type { NodeCore } from './node-core.ts'
import type { NodeFiles, NodeFilesInit } from './node-files.ts'

export interface RouterFiles extends NodeFiles {
  catalogue: FileCatalogue
  /** Who has files, and where they are. */
  sources: FileSources
  /** How long ago a node last said what it has, in milliseconds. */
  ageMs: (peer: string) => number
  /** To be told of the directory's workers. */
  onNode: (change: NodeChange) => void
}

export function createRouterFiles(
  core: NodeCore,
  init: Omit<NodeFilesInit, 'catalogue' | 'keys'>
): RouterFiles {
  const { namespace } = init
  const catalogue = new FileCatalogue({ selfPeer: core.node.selfPeer })
  const nodesKey = fileNodesKey(namespace)
  const files = createNodeFiles(core, {
    ...init,
    catalogue,
    keys: [nodesKey, routersKey(namespace)]
  })
  const follower = new FileFollower({ ...core, catalogue }, { namespace })
  const own = new OwnFiles({ catalogue, offers: files.journal, selfPeer: core.node.selfPeer })
  const listener = new PresenceListener(
    { ...core, onNews: (news) => follower.onPresence(news) },
    { kind: FILE_PRESENCE, namespace }
  )
  const search = new KeySearch(
    { ...core, onFound: (peer, addresses) => follower.onFound(peer, addresses) },
    { keys: [{ key: nodesKey }] }
  )
  return {
    ...files,
    catalogue,
    sources: new FileSources({ ...core, catalogue }),
    ageMs: (peer) => follower.ageMs(peer),
    onNode: (change) => follower.onWorker(change),
    before: [...files.before, own, follower],
    after: [...files.after, listener, search]
  }
}
