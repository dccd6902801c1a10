/** Folders that this node has left where others have theirs: found by their mark, and told from others' by their owner. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Links and others' folders of such a name are not among them. */
export function ownFolders(parent: string, prefix: string): string[] {
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(parent, name))
    .filter((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false })
      return stats?.isDirectory() === true && stats.uid === process.getuid?.()
    })
}
