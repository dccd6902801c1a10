/** Puts files and folders of this machine into the mesh: reads, hands in what the router lacks, says how far it is. */
import { BytesProgress } from './progress.ts'
import { plural } from '../render.ts'
import { formatBytes } from '../../core/units.ts'
import { readTrees } from './local-tree.ts'
import { uploadFiles } from './piece-upload.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { CommandContext } from '../command.ts'
import type { LocalTree } from './local-tree.ts'
import type { UploadInit } from './piece-upload.ts'

export interface AddedFiles {
  trees: LocalTree[]
  /** Were not there before. */
  sentBytes: number
}

/** Reads and hashes alone. @throws as `readTrees` */
export async function hashPaths(
  paths: readonly string[],
  context: CommandContext
): Promise<LocalTree[]> {
  if (paths.length === 0) return []
  const progress = new BytesProgress('reading', context)
  try {
    return await readTrees(paths, {
      signal: context.terminal.signal,
      onFound: (bytes) => progress.expect(bytes),
      onHashed: (bytes) => progress.add(bytes)
    })
  } finally {
    progress.stop()
  }
}

/** @throws as `readTrees` and `uploadFiles` */
export async function addPaths(
  client: ApiClient,
  paths: readonly string[],
  keep: UploadInit['keep'],
  context: CommandContext
): Promise<AddedFiles> {
  const trees = await hashPaths(paths, context)
  const files = trees.flatMap((tree) => tree.files)
  const total = files.reduce((sum, { manifest }) => sum + manifest.plan.sizeBytes, 0)
  const progress = new BytesProgress('sending', context)
  progress.expect(total)
  let sentBytes = 0
  try {
    await uploadFiles(client, files, {
      keep,
      signal: context.terminal.signal,
      onThere: (bytes, isSent) => {
        progress.add(bytes, isSent)
        if (isSent) sentBytes += bytes
      }
    })
  } finally {
    progress.stop()
  }
  const { output } = context
  if (!output.isForPrograms) {
    const known = sentBytes < total ? `, ${formatBytes(total - sentBytes)} were there` : ''
    output.note(`${plural(files.length, 'file')}: sent ${formatBytes(sentBytes)}${known}`)
  }
  return { trees, sentBytes }
}
