/** Whether the disk has room: for what nodes write, and for the files of the mesh that they have offered to keep. */
import { existsSync, lstatSync, readdirSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatBytes, parseBytes } from '../../core/units.ts'
import { quoted } from './check.ts'
import { valueIn } from './node-words.ts'
import type { Check, CheckContext, Finding, NodeProcess } from './check.ts'

const GIB = 2 ** 30
/** Below, stores refuse what comes. */
const FREE_BYTES_MIN = GIB / 8
const FREE_BYTES_GOOD = GIB

export const diskCheck: Check = {
  section: 'disk',
  run: (context) => [
    ...checkFree(context),
    ...context.nodes.flatMap((node) => checkBudget(context.home, node))
  ]
}

/** Where the home lies, or will. */
function checkFree({ home }: CheckContext): Finding[] {
  const { bavail, bsize, ffree, files } = statfsSync(existing(home))
  const freeBytes = bavail * bsize
  // Some file systems make them as they go and count none.
  const isOutOfFiles = files > 0 && ffree === 0
  if (freeBytes >= FREE_BYTES_GOOD && !isOutOfFiles) return []
  const what = isOutOfFiles ? 'no more files can be made' : `${formatBytes(freeBytes)} are free`
  return [
    {
      severity: freeBytes < FREE_BYTES_MIN || isOutOfFiles ? 'problem' : 'warning',
      what: `${what} where the home lies`,
      why: 'a router takes no jobs and a worker no files once the disk is full',
      remedy: `du -sh ${quoted(home)}/*, then taskmesh files rm; or a --home on a larger disk`
    }
  ]
}

/** Of a node whose owner has said how much it may keep; what is usual, the store makes room within. */
function checkBudget(home: string, node: NodeProcess): Finding[] {
  const said = valueIn(node, 'files-disk')
  if (said === undefined) return []
  const folder = join(home, node.name, 'files')
  const budgetBytes = parseBytes(said, '--files-disk')
  const { bavail, bsize } = statfsSync(existing(folder))
  const roomBytes = bavail * bsize + heldBytes(folder)
  if (budgetBytes <= roomBytes) return []
  return [
    {
      severity: 'warning',
      what: `${node.name} may keep ${formatBytes(budgetBytes)} of files, and there is room for ${formatBytes(roomBytes)}`,
      why: 'the disk is full before it begins to drop what was used longest ago',
      remedy: `start it with --files-disk ${formatBytes(roomBytes / 2)}, or with a --home on a larger disk`
    }
  ]
}

function heldBytes(folder: string): number {
  if (!existsSync(folder)) return 0
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  return entries.reduce((sum, entry) => {
    if (!entry.isFile()) return sum
    const stats = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })
    return sum + (stats?.size ?? 0)
  }, 0)
}

/** The folder itself, or the nearest around it that there is. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path))
}
