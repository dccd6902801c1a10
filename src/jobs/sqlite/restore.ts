/**
 * What an operator types to put a backup in the place of a damaged store. Nothing is done here: which
 * jobs to give up is a person's choice, and the damaged file may still be worth something.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The commands for a shell, with the reason of each. */
export function howToReplace(file: string): string {
  const backup = newestBackup(file)
  const away = freeFolder(file)
  // Whatever lies beside the store belongs to it: its WAL would be read into the backup.
  const moveAway = `mkdir ${quoted(away)} && mv ${quoted(file)}* ${quoted(away)}/`
  if (backup === undefined) {
    return (
      `there is no backup in ${backupFolder(file)}; with the router stopped, \`${moveAway}\` begins ` +
      `with an empty store; \`sqlite3 ${quoted(file)} .recover\` may save what is left`
    )
  }
  return (
    `with the router stopped, put the newest backup in its place: ` +
    `\`${moveAway} && cp ${quoted(backup)} ${quoted(file)}\`; jobs of a later time are not in it`
  )
}

/** The newest of the files in the folder where backups of this store lie. */
export function newestBackup(file: string): string | undefined {
  const folder = backupFolder(file)
  try {
    const backups = readdirSync(folder)
      .filter((name) => name.endsWith('.db'))
      .map((name) => ({ path: join(folder, name), mtimeMs: statSync(join(folder, name)).mtimeMs }))
      .toSorted((left, right) => left.mtimeMs - right.mtimeMs || (left.path < right.path ? -1 : 1))
    return backups.at(-1)?.path
  } catch {
    // This user could not copy what lies in a folder that can't be read, or isn't there.
    return undefined
  }
}

function backupFolder(file: string): string {
  return join(dirname(file), 'backups')
}

/** Its name doesn't begin as the file's does, or it would be moved into itself. */
function freeFolder(file: string): string {
  for (let number = 1; ; number += 1) {
    const folder = join(dirname(file), number === 1 ? 'damaged' : `damaged-${number}`)
    if (!existsSync(folder)) return folder
  }
}

function quoted(path: string): string {
  return /^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
